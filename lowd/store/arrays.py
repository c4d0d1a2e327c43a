"""Labelled arrays in zarr v3, the same bytes for the same numbers.

One shard an array: a store is a handful of files whatever its chunks, which is what keeps DVC
fast. No timestamps, a fixed codec and level, no consolidated metadata.
"""

import sys
import warnings
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from lowd.store.atomic import staged
from lowd.store.cells import Place

CHUNK_BYTES = 4 * 2**20
STRANGER = "Object at .* is not recognized as a component"


def sample_dims(shape: Sequence[int]) -> tuple[str, ...]:
    """Names of a sample's own dimensions: vectors have features, images their axes."""
    return ("feature",) if len(shape) == 1 else ("channel", "height", "width")


def write_store(path: Path, dataset: xr.Dataset) -> None:
    """Write `dataset` to the zarr store `path`, replacing what stands there.

    Raises:
        OSError: the disk is full, or the folder can't be written.
    """
    encoding = {str(name): _encoding(array) for name, array in dataset.variables.items()}
    with staged(path) as draft:
        try:
            dataset.to_zarr(
                draft,
                mode="w",
                zarr_format=3,
                consolidated=False,
                # What is zero throughout is written too: what is absent then is lost.
                write_empty_chunks=True,
                encoding=encoding,
            )
        except OSError as error:
            raise OSError(f"{path}: can't be written ({error})") from error


def read_store(path: Path, *, finite: bool = True) -> xr.Dataset:
    """The dataset in `path`, in memory.

    Args:
        path: a zarr store.
        finite: refuse NaN and infinity in any floating-point variable.

    Raises:
        FileNotFoundError: there is no such store.
        ValueError: it is damaged or incomplete, or a value is not finite.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such store")
    try:
        with warnings.catch_warnings():
            # An array that lost its metadata is a stranger, and so is Snakemake's stamp.
            warnings.filterwarnings("error", message=STRANGER)
            warnings.filterwarnings("ignore", message=".*snakemake_timestamp.*")
            _check_complete(path)
            dataset = xr.load_dataset(path, engine="zarr", consolidated=False)
    except MemoryError:
        raise
    except Exception as error:  # zarr's codecs raise a different type for every kind of damage
        raise ValueError(f"{path}: damaged store ({error}); delete it and run again") from error
    dataset = dataset.assign(
        {
            name: text.astype(object).astype(str)
            for name, text in dataset.variables.items()
            if text.dtype.kind in "OT"
        }
    )
    for name, array in dataset.variables.items():
        if finite and array.dtype.kind == "f" and not np.isfinite(array.values).all():
            count = int((~np.isfinite(array.values)).sum())
            raise ValueError(f"{path}: {count} values of {name} are not finite; make it again")
    return dataset


def read_cells(
    places: Mapping[int, Place], axes: int, variables: Sequence[str] | None = None
) -> dict[int, dict[str, np.ndarray]]:
    """Of every place, the cell that lies there: its values by variable.

    Args:
        places: in stores, by what they are to be found under.
        axes: over how many leading dimensions cells lie.
        variables: those to read; all, if not given.

    Raises:
        as `read_store` does.
    """
    stores = {path: read_store(path, finite=False) for path in {p.path for p in places.values()}}
    found = {}
    for at, place in places.items():
        store = stores[place.path]
        names = store.data_vars if variables is None else variables
        found[at] = {
            str(name): np.asarray(
                store[name].values.reshape(-1, *store[name].shape[axes:])[place.at]
            )
            for name in names
        }
    return found


def _check_complete(path: Path) -> None:
    """Raise ValueError if a chunk or shard is missing, which zarr would read as fill values.

    Another writer may have left out what holds nothing else, and that is said; one that writes as
    `write_store` does leaves nothing out, which an array's codec tells.
    """
    for name, array in zarr.open_group(path, mode="r", use_consolidated=False).arrays():
        expected = _files(array)
        files = [path / name / key for key in expected]
        absent = sum(not file.is_file() for file in files)
        # Of a shard without a byte zarr takes all chunks for left out.
        if empty := sum(file.is_file() and not file.stat().st_size for file in files):
            raise ValueError(f"{empty} of {len(expected)} files of {name} are empty")
        if absent and _is_written_whole(array):
            raise ValueError(f"{absent} of {len(expected)} files of {name} lost")
        if absent:
            print(
                f"{path}: {name} lacks {absent} of {len(expected)} files, which stand for "
                f"{array.fill_value}",
                file=sys.stderr,
            )


def _files(array: zarr.Array) -> list[str]:
    """One for every chunk, or for every shard, at the array's edges too."""
    extents = array.shards or array.chunks
    grid = (range(-(-size // extent)) for size, extent in zip(array.shape, extents, strict=True))
    return [array.metadata.encode_chunk_key(place) for place in product(*grid)]


def _is_written_whole(array: zarr.Array) -> bool:
    codec = array.compressors[-1:]
    return bool(codec) and getattr(codec[0], "checksum", False)


def _encoding(array: xr.Variable) -> dict[str, object]:
    """Chunks of about CHUNK_BYTES along the first axis, all inside one shard."""
    # Raw zstd blocks would let a flipped bit through without the checksum.
    codec: dict[str, object] = {"compressors": (ZstdCodec(level=3, checksum=True),)}
    if array.dtype.kind in "OTU":  # zarr v3 specifies text of variable length only
        return codec | {"dtype": np.dtypes.StringDType()}
    if array.size == 0 or array.ndim == 0:
        return codec
    row_bytes = array.nbytes // array.shape[0]
    rows = min(array.shape[0], max(1, CHUNK_BYTES // max(1, row_bytes)))
    shard = (-(-array.shape[0] // rows) * rows, *array.shape[1:])
    return codec | {"chunks": (rows, *array.shape[1:]), "shards": shard}
