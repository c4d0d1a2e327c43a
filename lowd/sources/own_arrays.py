"""Images of the user's own, as one array in a file or store."""

import sys
from collections.abc import Iterator

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import ArraySource, ZarrSource

Images = Shaped[np.ndarray, "image channel height width"]
PACKED = ("scale_factor", "add_offset")
"""Attributes with which xarray stores other values than there are."""


def read_npz(settings: ArraySource) -> Iterator[tuple[str, Images]]:
    """The array of an .npz file, or the one of an .npy file, whole.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or has no such array, or one of other values than told.
    """
    path = settings.path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                if path.suffix != ".npy":
                    raise ValueError("it is an .npy file; call it that")
                keys, images = [settings.key], loaded
            else:
                keys, images = sorted(loaded), loaded.get(settings.key)
    except Exception as error:  # zipfile, zlib and numpy each raise types of their own
        raise ValueError(f"{path}: not an .npz file of plain arrays ({error})") from None
    if images is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {keys}")
    yield str(path), _checked(images, settings)


def read_zarr(settings: ZarrSource) -> Iterator[tuple[str, Images]]:
    """The array of a zarr group, whole; raises as `read_npz` does.

    Chunks that are not there hold the fill value, as zarr writes them by default; how many there
    are is said, since a store may have lost them.
    """
    import zarr

    path = settings.path
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such store")
    try:
        arrays = dict(zarr.open_group(path, mode="r").arrays())
        array = arrays.get(settings.key)
        images = None if array is None else np.asarray(array[:])
    except Exception as error:  # zarr's codecs raise a different type for every kind of damage
        raise ValueError(f"{path}: not a zarr group of arrays ({error})") from None
    if array is None or images is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {sorted(arrays)}")
    if packed := [name for name in PACKED if name in array.attrs]:
        raise ValueError(
            f"{path}: {settings.key!r} is packed ({', '.join(packed)}); store the values themselves"
        )
    if (absent := array.nchunks - array.nchunks_initialized) > 0:
        _say(f"{path}: {absent} of {array.nchunks} chunks are absent: all {array.fill_value}")
    yield str(path), _checked(images, settings)


def _checked(images: np.ndarray, settings: ArraySource | ZarrSource) -> Images:
    """Bytes, or floats in [-1, 1] in single precision."""
    path = settings.path
    images = _channels_first(images, settings)
    if images.dtype == np.uint8:
        if settings.range is not None:
            raise ValueError(f"{path}: range is of floats; bytes are from 0 to 255")
        if images.max() <= 1:
            _say(f"{path}: bytes of 0 and 1 alone are nearly black; scale them to 0 to 255")
    elif images.dtype.kind != "f":
        raise ValueError(f"{path}: {images.dtype} values; store uint8, or floats in [-1, 1]")
    else:
        images = _scaled(images, settings)
    if len(images) > 1 and (images == images[:1]).all():
        _say(f"{path}: all {len(images)} images are alike")
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
        _say(f"{settings.path}: channels are last in {images.shape}, and are put first")
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
        _say(f"{path}: all values lie in [0, 1]; if that is their range, give `range: [0, 1]`")
    if settings.range is None:
        return images.astype(np.float32)
    return ((images.astype(np.float64) - low) * (2 / (high - low)) - 1).astype(np.float32)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
