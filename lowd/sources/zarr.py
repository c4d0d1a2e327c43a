"""Images of the user's own, as an array in a zarr group."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lowd.sources.image_settings import ZarrSource
from lowd.sources.own_arrays import Images, checked, say

if TYPE_CHECKING:
    import zarr

PACKED = ("scale_factor", "add_offset", "_Unsigned")
"""Attributes with which xarray stores other values than there are."""
MISSING = ("_FillValue", "missing_value")
"""Those that make one of the integers stand for a value that is missing."""


def read(settings: ZarrSource) -> Iterator[tuple[str, Images]]:
    """The array of a zarr group, whole.

    Files of chunks that are not there stand for the fill value, as zarr writes them by default; how
    many there are is said, since a store may have lost them.

    Raises:
        FileNotFoundError: there is no such store.
        ValueError: it is damaged, or has no such array, or one of other values than told.
    """
    import zarr

    path = settings.path
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such store")
    try:
        group = open_group(path)
        arrays, array = dict(group.arrays()), group.get(settings.key)
        array = array if isinstance(array, zarr.Array) else None
        if array is not None:
            files = _files(path / settings.key, array)
            _check_length(array, files)
            images = np.asarray(array[:])
    except Exception as error:  # zarr's codecs raise a different type for every kind of damage
        raise ValueError(f"{path}: not a zarr group of arrays ({error})") from None
    if array is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {sorted(arrays)}")
    check_plain(f"{path}: {settings.key!r}", array)
    if absent := sum(not file.is_file() for file in files):
        say(
            f"{path}: {absent} of {len(files)} files of {settings.key!r} are absent: all "
            f"{array.fill_value}"
        )
    yield str(path), checked(images, settings)


def open_group(path: Path) -> "zarr.Group":
    """A group as its arrays are now: what was gathered of them may be older."""
    import zarr

    return zarr.open_group(path, mode="r", use_consolidated=False)


def check_plain(name: str, array: "zarr.Array") -> None:
    """Raise ValueError if attributes say that values stand for others, as xarray writes them."""
    if packed := [key for key in PACKED if key in array.attrs]:
        raise ValueError(f"{name} is packed ({', '.join(packed)}); store the values themselves")
    told: list[Any] = [array.attrs[key] for key in MISSING if key in array.attrs]
    gaps = [gap for each in told for gap in (each if isinstance(each, list) else [each])]
    if not gaps or array.dtype.kind not in "iu":
        return
    values = np.asarray(array[:])
    if found := [gap for gap in gaps if (values == gap).any()]:
        raise ValueError(
            f"{name} has missing values, which its attributes say are {found[0]}; leave out the "
            "samples that have them, or remove the attribute if that is a value like others"
        )


def _files(folder: Path, array: "zarr.Array") -> list[Path]:
    """One for every chunk, or for every shard, at the array's edges too; there or not."""
    extents = array.shards or array.chunks
    grid = (range(-(-size // extent)) for size, extent in zip(array.shape, extents, strict=True))
    return [folder / array.metadata.encode_chunk_key(place) for place in product(*grid)]


def _check_length(array: "zarr.Array", files: list[Path]) -> None:
    """Raise ValueError if a file was cut short in a way that zarr reads on.

    Of a shard without a byte it takes all chunks for left out. Beyond the end of a Blosc chunk,
    whose length is in its bytes 12 to 15, Blosc reads what is there.
    """
    is_blosc = any("Blosc" in type(codec).__name__ for codec in array.compressors)
    for file in files:
        if not file.is_file():
            continue
        with file.open("rb") as content:
            header = content.read(16)
        size = file.stat().st_size
        length = int.from_bytes(header[12:], "little") if is_blosc and not array.shards else size
        if not size or size < length:
            raise ValueError(f"{file.name} is cut short")
