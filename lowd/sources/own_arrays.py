"""Arrays of images of the user's own: what they have to be."""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import ArraySource, ZarrSource

NARROW = 0.02
"""Values that fill less than this share of the range given probably belong to another."""

Images = Shaped[np.ndarray, "image channel height width"]


def checked(images: np.ndarray, settings: ArraySource | ZarrSource) -> Images:
    """Bytes, or floats in [-1, 1] in single precision.

    Raises:
        ValueError: images are of another shape than declared, or values are others than told.
    """
    path = settings.path
    images = _channels_first(images, settings)
    if images.dtype == np.uint8:
        if settings.range is not None:
            raise ValueError(f"{path}: range is of floats; bytes are from 0 to 255")
        if images.max() <= 1:
            say(f"{path}: bytes of 0 and 1 alone are nearly black; scale them to 0 to 255")
    elif images.dtype.kind != "f":
        raise ValueError(f"{path}: {images.dtype} values; store uint8, or floats in [-1, 1]")
    else:
        images = _scaled(images, settings)
    if len(images) > 1 and (images == images[:1]).all():
        say(f"{path}: all {len(images)} images are alike")
    return images


def _channels_first(images: np.ndarray, settings: ArraySource | ZarrSource) -> np.ndarray:
    """Grey images may lack their channel, and channels may come last, where that is certain.

    Raises:
        ValueError: axes are in another order, or are not those of images.
    """
    path, declared, shape = settings.path, settings.shape, images.shape
    channels = {declared[0], 3} if settings.grey else {declared[0]}
    if declared[0] > 3 and (declared[2] == 3 or (declared[2] == 1 and declared[0] == declared[1])):
        raise ValueError(
            f"{path}: shape {list(declared)} has {declared[0]} channels; they stand first: "
            f"{[declared[2], *declared[:2]]}"
        )
    if images.ndim == 3 and 1 in channels and images.size:
        check_first(path, shape, declared)
        return images[:, None]
    if images.ndim != 4 or not images.size:
        raise ValueError(f"{path}: shape {shape}; declared are images of {declared}")
    if shape[1] in channels:
        return images
    if shape[3] in channels:
        say(f"{path}: channels are last in {shape}, and are put first")
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if shape[2] in channels:
        raise ValueError(
            f"{path}: shape {shape} seems to be (height, width, channel, image); store "
            "images.transpose(3, 2, 0, 1)"
        )
    return images


def check_first(path: Path | str, shape: tuple[int, ...], declared: tuple[int, ...] = ()) -> None:
    """Raise ValueError if grey images, without a channel, seem to be (height, width, image)."""
    if shape[1:] == declared[1:]:
        return
    if shape[:2] == declared[1:] or shape[0] == shape[1] != shape[2]:
        raise ValueError(
            f"{path}: shape {shape} seems to be (height, width, image); give "
            "images.transpose(2, 0, 1), or, if it is not, images[:, None]"
        )


def _scaled(images: np.ndarray, settings: ArraySource | ZarrSource) -> np.ndarray:
    """Floats of the declared range as floats in [-1, 1]."""
    path, (low, high) = settings.path, settings.range or (-1.0, 1.0)
    for what, wrong in (("NaN", np.isnan), ("infinite", np.isinf)):
        if count := int(wrong(images).sum()):
            raise ValueError(
                f"{path}: {count} values are {what}; leave out the images that have them"
            )
    least, largest = float(images.min()), float(images.max())
    if least < low or largest > high:
        usual = (0.0, 255.0) if least >= 0 and 2 < largest <= 255 else (least, largest)
        # Not rounded, so that the range advised holds every value.
        raise ValueError(
            f"{path}: values outside [{low:g}, {high:g}], from {least!r} to {largest!r}; scale "
            f"them, store uint8, or give `range: [{usual[0]!r}, {usual[1]!r}]`"
        )
    if settings.range is None and least >= 0:
        say(f"{path}: all values lie in [0, 1]; if that is their range, give `range: [0, 1]`")
    elif largest - least < NARROW * (high - low):
        say(
            f"{path}: all values lie in [{least:g}, {largest:g}], little of the range "
            f"[{low:g}, {high:g}]; give the one that they have with `range`"
        )
    if settings.range is None:
        return images.astype(np.float32)
    return ((images.astype(np.float64) - low) * (2 / (high - low)) - 1).astype(np.float32)


def say(sentence: str) -> None:
    """Tell whoever runs it."""
    print(sentence, file=sys.stderr)
