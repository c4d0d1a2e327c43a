"""Images of the user's own, as an array in a zarr group."""

from collections.abc import Iterator

import numpy as np

from lowd.sources.image_settings import ZarrSource
from lowd.sources.own_arrays import Images, checked, say

PACKED = ("scale_factor", "add_offset")
"""Attributes with which xarray stores other values than there are."""


def read(settings: ZarrSource) -> Iterator[tuple[str, Images]]:
    """The array of a zarr group, whole.

    Chunks that are not there hold the fill value, as zarr writes them by default; how many there
    are is said, since a store may have lost them.

    Raises:
        FileNotFoundError: there is no such store.
        ValueError: it is damaged, or has no such array, or one of other values than told.
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
        say(f"{path}: {absent} of {array.nchunks} chunks are absent: all {array.fill_value}")
    yield str(path), checked(images, settings)
