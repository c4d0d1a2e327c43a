"""What samples are compared by: a descriptor chosen by name, fitted to reference samples."""

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.descriptors import views
from lowd.descriptors.embedding import Network, embedded, load_network
from lowd.descriptors.settings import CustomDescriptor, SSCDSettings, TrainedSSCDSettings
from lowd.descriptors.views import Views
from lowd.evaluation.cache import cached
from lowd.evaluation.sets import SampleSet
from lowd.metrics.descriptors import Descriptor
from lowd.misspelt import meant
from lowd.progress import Watch
from lowd.streams import stream

WORDS = ("views", "centred", "identity", "trained")
ENTRY = re.compile(r"[\w.]+:\w+")
FILES = (".pt", ".pth", ".ts", ".onnx")
"""What TorchScript is called, and ONNX."""
REFERENCES = 512
"""References whose views are compared at a time."""


class Unfitted(ValueError):
    """What τ could be found by is too little."""


@dataclass(frozen=True, eq=False)
class Described:
    """A set as it is compared.

    Attributes:
        samples: what is described.
        features: (sample, feature).
        pixels: of images, at `lowd.descriptors.views.KEPT` pixels a side at most, (sample, pixel);
            of vectors the vectors.
        views: of references, all views of some at a time; None where a sample has one.
        without: takes rows, and returns features of these and all others as they are described by
            a descriptor that is fitted to the others alone; it raises Unfitted if they are all the
            same. None where nothing is fitted to single samples.
    """

    samples: SampleSet
    features: Float[Tensor, "sample feature"]
    pixels: Float[Tensor, "sample pixel"]
    views: Callable[[], Iterator[Float[Tensor, "view sample feature"]]] | None = None
    without: "Callable[[Tensor], tuple[Float[Tensor, 'row feature'], Described]] | None" = None


@dataclass(frozen=True, eq=False)
class Describer:
    """A descriptor that is fitted.

    Attributes:
        name: as it was chosen.
        device: where to compute.
        batch: images at once for a network.
        watch: who is told how far it is.
        network: what a network is, with what it is known by; None of descriptors of pixels.
        fitted: descriptor of pixels.
    """

    name: str
    device: torch.device
    batch: int
    watch: Watch
    network: tuple[Network, str] | None = None
    fitted: Descriptor | Views | None = None

    def __call__(self, samples: SampleSet) -> Described:
        """Features of a set; raises as reading it does, and as the network does."""
        pixels = torch.from_numpy(_pixels(samples, self.watch))
        flat = pixels.flatten(1).to(self.device)
        if isinstance(self.fitted, Views):
            return _by_views(samples, self.fitted, pixels.to(self.device))
        if self.fitted is not None:
            whole = flat if samples.kind == "vectors" else _whole(samples, self.device)
            return Described(samples, self.fitted(whole), flat)
        if self.network is None:
            raise ValueError(f"descriptor: {self.name} is not fitted")
        features = self._embedded(samples, *self.network)
        return Described(samples, torch.from_numpy(features).to(self.device), flat)

    def _embedded(self, samples: SampleSet, network: Network, known: str) -> np.ndarray:
        def compute() -> np.ndarray:
            parts, done = [], 0
            for block in samples.blocks():
                images = torch.from_numpy(block)
                parts.append(embedded(network, images, self.batch, self.device).numpy())
                done += len(block)
                self.watch(f"describing {samples.name}", done, samples.count)
            return np.concatenate(parts)

        return cached("lowd.descriptors.embedding", f"{samples.content} {known}", compute)


def _by_views(samples: SampleSet, fitted: Views, small: views.Images) -> Described:
    def without(rows: Tensor) -> tuple[Tensor, Described]:
        kept = torch.ones(len(small), dtype=torch.bool)
        kept[rows] = False
        try:
            others = Views.fitted(small[kept])
        except ValueError:
            raise Unfitted(
                f"{samples.name}: all images but {len(rows)} are the same, by which views can't be "
                "fitted; give --held-out, or a number with --threshold"
            ) from None
        return others(small[rows]), _by_views(samples, others, small[kept])

    return Described(
        samples,
        torch.cat([fitted(block) for block in small.split(REFERENCES)]),
        small.flatten(1),
        lambda: (fitted.of(block) for block in small.split(REFERENCES)),
        without,
    )


def default_descriptor(samples: SampleSet, features: bool) -> str:
    """What is compared by where nothing is said."""
    if samples.kind == "images" and samples.shape[0] in (1, 3):
        return "views"
    return "identity" if features else "centred"


def fit_descriptor(
    name: str, reference: SampleSet, device: torch.device, batch: int, watch: Watch
) -> Describer:
    """The descriptor of that name, fitted to reference samples.

    Args:
        name: `views`, `centred`, `identity`, `trained`, a TorchScript or ONNX file such as
            SSCD's, or `module:function`, which returns a network.
        reference: what it is fitted to: never a generated sample.
        device: where to compute.
        batch: images at once for a network.
        watch: who is told how far it is.

    Raises:
        OSError: the file can't be read.
        ValueError: there is no such descriptor, it takes images and these are vectors, or it can't
            be loaded.
    """
    if name not in WORDS and Path(name).suffix not in FILES and not ENTRY.fullmatch(name):
        raise ValueError(
            f"descriptor: no {name!r}; choose {', '.join(WORDS)}, a TorchScript or ONNX "
            f"file ({', '.join(FILES)}) or module:function{meant(name, WORDS)}"
        )
    if name == "identity":
        return Describer(name, device, batch, watch, fitted=Descriptor("identity"))
    if name == "centred":
        if reference.kind == "vectors":
            mean = reference.rows().mean(axis=0)
        else:
            total = sum(block.sum(axis=0, dtype=np.float64) for block in reference.blocks())
            mean = (total / reference.count).astype(np.float32).ravel()
        return Describer(name, device, batch, watch, fitted=Descriptor("centred", mean))
    if reference.kind != "images" or reference.shape[0] not in (1, 3):
        raise ValueError(
            f"descriptor: {name} takes images, grey or coloured, and {reference.name} holds "
            f"{reference.kind} of {'×'.join(map(str, reference.shape))}; use centred or identity"
        )
    if name == "views":
        small = torch.from_numpy(_pixels(reference, watch)).to(device)
        try:
            return Describer(name, device, batch, watch, fitted=Views.fitted(small))
        except ValueError as error:
            raise ValueError(f"{reference.name}: {error}") from None
    return Describer(name, device, batch, watch, _network(name, reference, device, batch, watch))


def _network(
    name: str, reference: SampleSet, device: torch.device, batch: int, watch: Watch
) -> tuple[Network, str]:
    if name == "trained":
        return _trained(reference, device, watch)
    path = Path(name)
    if path.suffix in FILES:
        if not path.exists():
            raise FileNotFoundError(f"descriptor: {path}: no such file; give that of a network")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        published = SSCDSettings(kind="sscd", path=path, sha256=digest, batch=batch)
        try:
            network = load_network(published, None, device)
        except ValueError:
            raise ValueError(
                f"descriptor: {path} is no TorchScript; write it with torch.jit.save (pickles are "
                "never opened)"
            ) from None
        return network, f"sscd {digest} {published.size}"
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    custom = CustomDescriptor.model_validate({"kind": "custom", "entry": name})
    try:
        network = load_network(custom, None, device)
    except SystemExit:  # as of a script; it would end this command as if all were well
        raise ValueError(
            f"descriptor: {name!r} exits when it is loaded; give a module that does not"
        ) from None
    spec = find_spec(name.split(":")[0])
    source = Path(spec.origin).read_bytes() if spec and spec.origin else b""
    return network, f"{name} {hashlib.sha256(source).hexdigest()}"


def _trained(reference: SampleSet, device: torch.device, watch: Watch) -> tuple[Network, str]:
    """A small SSCD trained on the reference, mirrored images being copies; kept once trained."""
    from lowd.descriptors.trained_sscd import initialised, train

    settings = TrainedSSCDSettings.model_validate({"kind": "trained_sscd", "flips": True})
    known = f"{reference.content} {json.dumps(settings.model_dump(), sort_keys=True)}"

    def compute() -> np.ndarray:
        watch("training a descriptor", 0, settings.steps)
        images = torch.from_numpy(np.concatenate(list(reference.blocks())))
        network = train(
            settings,
            images.clamp(-1, 1),
            stream("descriptor", "initialisation"),
            stream("descriptor", "training"),
            device,
        )
        watch("training a descriptor", settings.steps, settings.steps)
        return torch.nn.utils.parameters_to_vector(network.parameters()).detach().cpu().numpy()

    weights = cached("lowd.descriptors.trained_sscd", known, compute)
    network = initialised(
        reference.shape[0],
        settings.width,
        settings.features,
        stream("descriptor", "initialisation"),
    )
    torch.nn.utils.vector_to_parameters(torch.from_numpy(weights), network.parameters())
    return network.to(device).eval(), f"trained {known}"


def _whole(samples: SampleSet, device: torch.device) -> Tensor:
    return torch.from_numpy(samples.rows()).to(device)


def _pixels(samples: SampleSet, watch: Watch) -> np.ndarray:
    """Small images, which are kept; vectors as they are.

    Raises:
        ValueError: a value is not finite, or a file can't be read.
    """
    if samples.kind == "vectors":
        return samples.rows()

    def compute() -> np.ndarray:
        parts, done = [], 0
        for block in samples.blocks():
            parts.append(views.reduced(torch.from_numpy(block)).numpy())
            done += len(block)
            watch(f"reading {samples.name}", done, samples.count)
        return np.concatenate(parts)

    return cached("lowd.descriptors.views", f"{samples.content} {samples.shape}", compute)
