"""FLOPs and bytes of networks, counted on tensors without content.

Counted for a single student: a stack is as many of them side by side, and all that its layers do
is linear in students.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from lowd.descriptors.network import CopyNetwork
from lowd.models.admission import admit
from lowd.models.custom_settings import CustomSettings
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Objective
from lowd.training.objectives.build import assemble, objective
from lowd.training.settings import ObjectiveSettings

Shape = tuple[int, ...]


class Counted(NamedTuple):
    """What one student takes.

    Attributes:
        flops: floating-point operations.
        peak: bytes held at most at a time, gradients included, parameters not.
    """

    flops: int
    peak: int


class Tally(TorchDispatchMode):
    """Counts what runs inside it: FLOPs by PyTorch's own formulas, and bytes made and held.

    Products and convolutions alone have formulas, two FLOPs a multiplication and addition, so that
    normalisation, activations and the optimiser count as none. PyTorch's `FlopCounterMode` counts
    the same, but not through a gradient's gradient.

    Attributes:
        flops: so far.
        peak: the most bytes held at a time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0
        self.held = 0
        self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if (formula := flop_registry.get(func._overloadpacket)) is not None:
            self.flops += formula(*args, **(kwargs or {}), out_val=made)
        for one in made if isinstance(made, tuple | list) else (made,):
            if isinstance(one, torch.Tensor):
                self._hold(one.untyped_storage())
        return made

    def _hold(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.held += size
        self.peak = max(self.peak, self.held)
        weakref.finalize(storage, self._free, key, size)

    def _free(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.held -= size


@cache
def parameter_shapes(aim: ObjectiveSettings, model: ModelSettings, shape: Shape) -> list[Shape]:
    """Shapes of one student's parameters."""
    networks, _ = _assembled(aim, model, shape)
    return [tuple(p.shape[1:]) for p in networks.parameters()]


@cache
def denoiser_cost(aim: ObjectiveSettings, model: ModelSettings, shape: Shape, rows: int) -> Counted:
    """One evaluation of the denoiser of one student, at so many noisy samples."""
    _, learned = _assembled(aim, model, shape)
    with _unseen(model), Tally() as tally, torch.no_grad():
        learned.denoise(torch.empty(1, rows, *shape, device="meta"), 1.0)
    return Counted(tally.flops, tally.peak)


@cache
def step_cost(aim: ObjectiveSettings, model: ModelSettings, shape: Shape, batch: int) -> Counted:
    """Loss and gradient of one student on one batch, without the optimiser."""
    _, learned = _assembled(aim, model, shape)
    clean, noise = (torch.empty(1, batch, *shape, device="meta") for _ in range(2))
    with _unseen(model), Tally() as tally:
        learned.loss(clean, noise, clean.new_empty(1, batch), 0.0).sum().backward()
    return Counted(tally.flops, tally.peak)


@cache
def copy_cost(shape: tuple[int, int, int], width: int, features: int, images: int) -> Counted:
    """One pass of images through the network of a small SSCD."""
    with torch.device("meta"):
        network = CopyNetwork(shape[0], width, features)
    with Tally() as tally, torch.no_grad():
        network(torch.empty(images, *shape, device="meta"))
    return Counted(tally.flops, tally.peak)


@contextmanager
def _unseen(model: ModelSettings) -> Iterator[None]:
    """Raise LookupError where a network of the user's own has to see numbers."""
    try:
        yield
    except Exception as error:
        if not isinstance(model, CustomSettings):
            raise
        raise LookupError(f"nothing says what {model.entry} takes ({error})") from error


def _assembled(
    aim: ObjectiveSettings, model: ModelSettings, shape: Shape
) -> tuple[nn.Module, Objective]:
    admit([model])
    with torch.device("meta"):
        networks = assemble(aim, model, 1, shape)
        return networks, objective(aim, networks, sigma_data=0.5)
