"""Real images as one array, read, checked and processed as their source's settings say."""

import hashlib
from dataclasses import dataclass
from importlib import import_module

import numpy as np
from jaxtyping import Bool, Shaped

from lowd.sources.image_settings import SourceSettings
from lowd.sources.processing import process
from lowd.sources.source_settings import KnownSource, OwnSource

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
    # Each kind of source has a module of its name, whose `read` gives files' names and images.
    for name, block in import_module(f"lowd.sources.{settings.source}").read(settings):
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


def _check_shape(name: str, images: Images, settings: KnownSource | OwnSource) -> None:
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
