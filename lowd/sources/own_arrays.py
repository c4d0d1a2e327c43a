"""Arrays of images of the user's own: what they have to be."""

import sys

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import ArraySource, ZarrSource

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
    """Grey images may lack their channel, and channels may come last, where that is certain."""
    channels = settings.shape[0]
    if images.ndim == 3 and channels == 1 and images.size:
        return images[:, None]
    if images.ndim != 4 or not images.size:
        raise ValueError(
            f"{settings.path}: shape {images.shape}; declared are images of {settings.shape}"
        )
    if images.shape[1] != channels and images.shape[3] == channels:
        say(f"{settings.path}: channels are last in {images.shape}, and are put first")
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return images


def _scaled(images: np.ndarray, settings: ArraySource | ZarrSource) -> np.ndarray:
    """Floats of the declared range as floats in [-1, 1]."""
    path, (low, high) = settings.path, settings.range or (-1.0, 1.0)
    if count := int(np.isnan(images).sum()):
        raise ValueError(f"{path}: {count} values are NaN; leave out the images that have them")
    least, largest = float(images.min()), float(images.max())
    if least < low or largest > high:
        raise ValueError(
            f"{path}: values outside [{low:g}, {high:g}], from {least:g} to {largest:g}; scale "
            f"them, store uint8, or give `range: [{least:g}, {largest:g}]`"
        )
    if settings.range is None and least >= 0:
        say(f"{path}: all values lie in [0, 1]; if that is their range, give `range: [0, 1]`")
    if settings.range is None:
        return images.astype(np.float32)
    return ((images.astype(np.float64) - low) * (2 / (high - low)) - 1).astype(np.float32)


def say(sentence: str) -> None:
    """Tell whoever runs it."""
    print(sentence, file=sys.stderr)
