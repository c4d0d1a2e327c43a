"""A network of the user's own, taken apart and tried before it is trained."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from lowd.streams import stream_seed

ROWS = 3
"""Samples that it is tried on."""
TOLERANCE = 1e-4
"""Largest difference between two ways to the same answer, in units of the largest answer.

Rounding leaves 1e-6 or less between a loop and `vmap`, and between a sample in one batch and in
another, in MLPs and U-Nets of 32 to 128 channels.
"""


@dataclass(frozen=True)
class Own:
    """A network as the user's function returns it.

    Attributes:
        key: what it is called in messages.
        make: calls the function.
        network: drawn from a stream named after function and options.
        shape: of a sample.
    """

    key: str
    make: Callable[[], nn.Module]
    network: nn.Module
    shape: tuple[int, ...]

    @cached_property
    def trained(self) -> dict[str, Tensor]:
        """What is trained."""
        return _trained(self.network)

    @cached_property
    def fixed(self) -> dict[str, Tensor]:
        """Buffers, and parameters that want no gradient."""
        others = {n: p for n, p in self.network.named_parameters() if n not in self.trained}
        return {**others, **dict(self.network.named_buffers())}

    def draw(self, seed: int) -> dict[str, Tensor]:
        """Parameters as the network's own initialisation draws them from a seed."""
        return _trained(_drawn(self.make, seed))

    @cached_property
    def is_stackable(self) -> bool:
        """Whether `vmap` runs it as a loop over students does, and faster.

        Of convolutions it makes grouped ones, which took a CPU 0.9 to 1.6 times what the loop did
        (benchmarks/custom.py); MLPs took 0.25 to 0.75.
        """
        convolutions = nn.Conv1d, nn.Conv2d, nn.Conv3d
        if any(isinstance(part, convolutions) for part in self.network.modules()):
            return False
        weights = {name: torch.stack([p, p + 0.1]) for name, p in self.trained.items()}
        x, c_noise = _probe(self.shape, stack=(2,))

        def one(own: dict[str, Tensor], x: Tensor, c_noise: Tensor) -> Tensor:
            return functional_call(self.network, {**self.fixed, **own}, (x, c_noise))

        with torch.no_grad():
            looped = [one({n: p[s] for n, p in weights.items()}, x[s], c_noise[s]) for s in (0, 1)]
            try:
                together = vmap(one)(weights, x, c_noise)
            except Exception:  # whatever vmap finds in the user's own code
                return False
        return _differ(together, torch.stack(looped)) <= TOLERANCE


@cache
def own_network(entry: str, options: str, shape: tuple[int, ...]) -> Own:
    """The network of an entry point `module:function`, tried.

    Args:
        entry: its name.
        options: the function's keywords, as JSON.
        shape: of a sample.

    Raises:
        ValueError: it can't be had, or has no parameters; its initialisation or its answers draw
            from elsewhere than from their stream; it keeps something from call to call, mixes the
            samples of a batch, lets no gradient through, fails, or answers with something else
            than finite numbers of the shape of x.
    """
    key = f"model.entry: {entry!r}"
    make = _function(key, entry, json.loads(options))
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        seed = stream_seed(entry, options)
        own = Own(key, make, _drawn(make, seed).train(), shape)
        if not own.trained:
            raise ValueError(f"{key} has no parameters to train; return a module that has some")
        again = _drawn(make, seed)
        if not _same(own.network.state_dict(), again.state_dict()):
            raise ValueError(
                f"{key} is initialised otherwise each time; draw from torch's generator alone"
            )
        _try(key, make, shape)
        _ = own.is_stackable  # here, where tensors have content
    return own


def _function(key: str, entry: str, options: dict[str, Any]) -> Callable[[], nn.Module]:
    module, function = entry.split(":")

    def make() -> nn.Module:
        try:
            network = getattr(importlib.import_module(module), function)(**options)
        except Exception as error:  # whatever the user's own code may raise
            reason = _reason(error)
            raise ValueError(f"{key} can't be made with options {options} ({reason})") from error
        if not isinstance(network, nn.Module):
            raise ValueError(f"{key} returns {type(network).__name__}, not torch.nn.Module")
        return network

    return make


def _drawn(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """What `make` returns if torch's global generator starts at a seed."""
    with torch.random.fork_rng(devices=[]), torch.device("cpu"), torch.enable_grad():
        torch.manual_seed(seed)
        return make()


def _same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    """Whether all that is in the first is the same in the second, to the bit."""
    return all(name in theirs and torch.equal(one, theirs[name]) for name, one in ours.items())


def _trained(network: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}


def _probe(shape: tuple[int, ...], stack: tuple[int, ...] = ()) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(stream_seed("probe"))
    x = torch.randn(*stack, ROWS, *shape, generator=generator)
    return x, torch.linspace(-1, 1, ROWS).expand(*stack, ROWS)


@torch.no_grad()
def _try(key: str, make: Callable[[], nn.Module], shape: tuple[int, ...]) -> None:
    """Ask a network a few times; raises as `own_network` does."""
    network = _drawn(make, 0).train()
    generator = torch.Generator().manual_seed(stream_seed("probe"))
    for p in network.parameters():
        # A last layer of zeros would hide what comes before it.
        p.add_(0.05 * torch.randn(p.shape, generator=generator).to(p))
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    x, c_noise = _probe(shape)
    drawn = torch.get_rng_state()
    first = _answer(key, network, x, c_noise)
    if not torch.equal(torch.get_rng_state(), drawn):
        raise ValueError(
            f"{key} draws random numbers when it is called; take dropout and noise out"
        )
    _answer(key, network, 2 * x.flip(0), c_noise.flip(0))
    now = dict(network.named_buffers())
    if changed := [name for name in now if not _same({name: now[name]}, before)]:
        raise ValueError(
            f"{key} keeps state between calls, in its buffer {changed[0]!r}; take batch "
            "normalisation and the like out"
        )
    if not torch.equal(_answer(key, network, x, c_noise), first):
        raise ValueError(
            f"{key} answers the same call differently: it keeps state or draws random numbers; "
            "make it a function of x and c_noise"
        )
    alone = _answer(key, network, x[:1], c_noise[:1])
    if _differ(alone, first[:1]) > TOLERANCE:
        raise ValueError(
            f"{key} mixes the samples of a batch: one answer depends on the others; normalise "
            "within each sample"
        )
    with torch.enable_grad():
        if not _answer(key, network, x, c_noise).requires_grad:
            raise ValueError(f"{key} lets no gradient through; compute without no_grad and detach")


def _answer(key: str, network: nn.Module, x: Tensor, c_noise: Tensor) -> Tensor:
    given = f"x {tuple(x.shape)} and c_noise {tuple(c_noise.shape)}"
    ours, level = x.clone(), c_noise.clone()
    try:
        answer = network(ours, level)
    except Exception as error:  # whatever the user's own code may raise
        reason = _reason(error)
        raise ValueError(f"{key} fails on {given} ({reason})") from error
    if not isinstance(answer, Tensor):
        raise ValueError(f"{key} answers with {type(answer).__name__}, not Tensor")
    if answer.shape != x.shape:
        raise ValueError(f"{key} maps {given} to {tuple(answer.shape)}, not to the shape of x")
    if not (torch.equal(ours, x) and torch.equal(level, c_noise)):
        raise ValueError(f"{key} changes what it is given; compute out of place")
    if not answer.isfinite().all():
        raise ValueError(f"{key} is not finite on {given}")
    return answer


def _reason(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _differ(ours: Tensor, theirs: Tensor) -> float:
    return ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-30)).item()
