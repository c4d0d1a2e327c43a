"""Arrays as sets of samples."""

import hashlib
import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from lowd.evaluation.sets import AT_ONCE, Images, Pixels, Reading, SampleSet
from lowd.sources.own_arrays import check_first
from lowd.sources.processing import process
from lowd.sources.scaling import scaled
from lowd.sources.source_settings import ImageSource
from lowd.sources.zarr import check_plain, open_group

Stored: TypeAlias = Any
"""A np.ndarray, or a zarr.Array, which is read as far as it is asked for."""
ARRAYS = (".npy", ".npz", ".zarr")
NAMES = ("images", "samples", "features", "arr_0")
"""What an array is looked for by, where there are several."""


def of_array(name: str, array: Stored, reading: Reading) -> SampleSet:
    """The samples in an array that is in memory, or is read as far as it is asked for.

    Raises:
        ValueError: its shape or type is of neither images nor vectors.
    """
    if reading.features and array.ndim != 2:
        raise ValueError(f"{name}: shape {array.shape}; ready features are (sample, feature)")
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise ValueError(
            f"{name}: shape {array.shape}; give vectors (sample, feature) or images (sample, "
            "channel, height, width)"
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: {array.dtype} values; store floats or integers")
    if array.shape[0] < 2:
        raise ValueError(f"{name}: 1 sample; give at least 2")
    return _vectors(name, array) if array.ndim == 2 else _images(name, array, reading)


def _images(name: str, array: Stored, reading: Reading) -> SampleSet:
    """Grey images may lack their channel, and channels may come last, where that is certain."""
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise ValueError(f"{name}: {array.dtype} values; store uint8, or floats in [-1, 1]")
    if array.ndim == 3:
        check_first(name, array.shape)
    is_last = array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3)
    steps = ImageSource(size=reading.size)

    def block(first: int, last: int) -> Images:
        images = np.asarray(array[first:last])
        if array.ndim == 3:
            images = images[:, None]
        elif is_last:
            images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        if images.dtype != np.uint8:
            images = _in_range(name, images, reading.range)
        try:
            return scaled(process(images, steps))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def image(row: int) -> Pixels:
        pixels = ((block(row, row + 1)[0] + 1) * 127.5).round().astype(np.uint8)
        return np.repeat(pixels.transpose(1, 2, 0), 3 // len(pixels), axis=2)

    count, shape = array.shape[0], block(0, 1).shape[1:]
    if array.dtype != np.uint8 and reading.range is None and np.min(array[:AT_ONCE]) >= 0:
        print(
            f"{name}: no value is below 0; if black is 0 and white is 1, give `--range 0 1`",
            file=sys.stderr,
        )
    return SampleSet(
        name=name,
        kind="images",
        shape=shape,
        count=count,
        content=_digest(array, f"{reading.size} {reading.range}"),
        blocks=lambda: (
            block(first, first + AT_ONCE) for first in range(0, array.shape[0], AT_ONCE)
        ),
        labels=tuple(map(str, range(array.shape[0]))),
        image=image if shape[0] in (1, 3) else None,
    )


def _in_range(name: str, images: np.ndarray, ends: tuple[float, float] | None) -> Images:
    """Floats of the declared range as floats in [−1, 1]."""
    low, high = ends or (-1.0, 1.0)
    if bad := int((~np.isfinite(images)).reshape(len(images), -1).any(axis=1).sum()):
        raise ValueError(f"{name}: {bad} images are not finite; leave them out")
    least, largest = float(images.min()), float(images.max())
    if least < low or largest > high:
        raise ValueError(
            f"{name}: values from {least:g} to {largest:g} lie outside [{low:g}, {high:g}]; give "
            f"`--range LOW HIGH`, the values of black and white, or store uint8"
        )
    return ((images.astype(np.float64) - low) * (2 / (high - low)) - 1).astype(np.float32)


def _vectors(name: str, array: Stored) -> SampleSet:
    is_double = array.dtype.itemsize == 8 or array.dtype.kind != "f"
    rows = np.asarray(array).astype(np.float64 if is_double else np.float32)
    return SampleSet(
        name=name,
        kind="vectors",
        shape=rows.shape[1:],
        count=len(rows),
        content=_digest(rows),
        blocks=lambda: iter([rows]),
        labels=tuple(map(str, range(len(rows)))),
    )


def load_array(path: Path, key: str) -> Stored:
    """An array in a file or store, of a store not yet in memory; nothing pickled is ever opened.

    Args:
        path: an .npy, .npz or .zarr.
        key: which, of several; empty for the one that is called as samples are, or the only one.

    Raises:
        ValueError: it can't be read, or nothing says which array is meant.
    """
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        if path.suffix == ".zarr":
            arrays = dict(open_group(path).arrays())
        else:
            arrays = dict(np.load(path, allow_pickle=False))
    except Exception as error:  # zipfile, zlib, numpy and zarr each raise types of their own
        reason = " ".join(str(error).split()) or type(error).__name__
        if "object" in reason.lower():
            # numpy takes whatever it does not know for a pickle, and says how to run it.
            reason = "it is pickled or something else, and is not opened"
        raise ValueError(
            f"{path}: not a readable {path.suffix} of plain arrays ({reason})"
        ) from None
    rows = [name for name, array in arrays.items() if array.ndim > 1]
    known = [name for name in NAMES if name in rows]
    wanted = key or (known[0] if known else rows[0] if len(rows) == 1 else "")
    if wanted not in arrays:
        raise ValueError(
            f"{path}: {f'no array {key!r}' if key else 'no array is named'}; it holds "
            f"{', '.join(sorted(arrays)) or 'none'}: give {path}::NAME"
        )
    found = arrays[wanted]
    if path.suffix == ".zarr":
        check_plain(f"{path}: {wanted!r}", found)
    return found


def _digest(array: Stored, reading: str = "") -> str:
    content = hashlib.sha256(f"{array.dtype} {array.shape} {reading}".encode())
    for first in range(0, array.shape[0], AT_ONCE):
        content.update(np.ascontiguousarray(array[first : first + AT_ONCE]).data)
    return content.hexdigest()
