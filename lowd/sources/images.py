"""Real images as one array, read, checked and processed as their source's settings say."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped

from lowd.sources.image_settings import (
    ArraySource,
    Cifar10Source,
    DigitsSource,
    FashionMnistSource,
    FolderSource,
    SourceSettings,
)
from lowd.sources.own import read_folder
from lowd.sources.own_arrays import read_npz, read_zarr
from lowd.sources.processing import process
from lowd.sources.published import read_cifar10, read_fashion_mnist

Images = Shaped[np.ndarray, "image channel height width"]


@dataclass(frozen=True)
class Loaded:
    """What a source gave.

    Attributes:
        images: (image, channel, height, width), bytes, or floats in [-1, 1].
        content: SHA-256 of the pixels as read, image after image, before anything was done to them.
        repeats: images that equal an earlier one, dropped or not.
        repeated: how many different images those equal.
    """

    images: Images
    content: str
    repeats: int
    repeated: int


def load_images(settings: SourceSettings) -> Loaded:
    """The images of a source, in a fixed order.

    Raises:
        OSError: a file or folder is not there or can't be fetched, or a folder holds no image.
        ValueError: an image can't be read or comes out in another shape than declared, values would
            not survive as 8 bits or in [-1, 1], or content is not the one published; the message
            names the file.
    """
    content, blocks = hashlib.sha256(), []
    for name, block in _read(settings):
        content.update(block.tobytes())
        try:
            processed = process(block, settings)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        _check_shape(name, processed, settings)
        blocks.append(processed)
    images = np.concatenate(blocks)
    repeats, repeated = find_repeats(images)
    if settings.duplicates == "drop":
        images = images[~repeats]
    return Loaded(images, content.hexdigest(), int(repeats.sum()), repeated)


def find_repeats(images: Images) -> tuple[Bool[np.ndarray, " image"], int]:
    """Whether each image equals an earlier one, and how many different images those equal."""
    counts: dict[bytes, int] = {}
    repeats = np.zeros(len(images), bool)
    for row, image in enumerate(images):
        digest = hashlib.sha256(image.tobytes()).digest()
        repeats[row] = digest in counts
        counts[digest] = counts.get(digest, 0) + 1
    return repeats, sum(count > 1 for count in counts.values())


def _read(settings: SourceSettings) -> Iterator[tuple[str, Images]]:
    """What to call each file, and its images."""
    match settings:
        case DigitsSource():
            return iter([("digits", _digits())])
        case Cifar10Source():
            return read_cifar10(settings.path)
        case FashionMnistSource():
            return read_fashion_mnist(settings.path)
        case FolderSource():
            return read_folder(settings)
        case ArraySource():
            return read_npz(settings)
    return read_zarr(settings)


def _digits() -> Images:
    from sklearn.datasets import load_digits

    return (load_digits().images[:, None] / 8 - 1).astype(np.float32)


def _check_shape(name: str, images: Images, settings: SourceSettings) -> None:
    found, declared = images.shape[1:], settings.shape
    if found[0] != declared[0]:
        raise ValueError(
            f"{name}: shape {images.shape} has {found[0]} channels; declared are images of "
            f"{declared}"
        )
    if found != declared:
        raise ValueError(
            f"{name}: {found[1]}×{found[2]} pixels, but shape declares "
            f"{declared[1]}×{declared[2]}; change shape, or give size to shrink images to it"
        )
