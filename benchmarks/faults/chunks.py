"""Stores whose chunks are counted: lowd's own in any layout, and a user's own of any writer."""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, suppress
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from places import Place, forked
from rows import Row

HEADING = "Stores that lack chunks"
TEXT = """\
*Detected*: the store was refused by name; or, where what is absent may stand for the fill value,
how many files are absent was said. *Lost*: a whole store was refused, or read as other values."""

METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata", ".snakemake_timestamp")
LAYOUTS = 30
"""Random ones of lowd's own."""


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    place.put_back()
    yield from forked(_of_lowd, place.path, place.path.with_name("stores"))
    yield from forked(_of_users, place.path.with_name("stores"))


def _files(store: Path) -> list[Path]:
    """Chunks and shards."""
    return sorted(p for p in store.rglob("*") if p.is_file() and p.name not in METADATA)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "cut to half": _cut,
    "cut to nothing": _empty,
}


def _of_lowd(repository: Path, folder: Path) -> list[Row]:
    """Every chunk of every store of two studies, and of stores of random layouts."""
    from lowd.store.arrays import read_store

    folder.mkdir(exist_ok=True)
    stores = sorted({p for p in repository.rglob("*.zarr") if p.is_dir()})
    made = [_random_store(folder / f"{seed}.zarr", seed) for seed in range(LAYOUTS)]
    rows = []
    for name, damage in DAMAGE.items():
        for whose, chosen in (("of every store", stores), (f"in {LAYOUTS} layouts", made)):
            tried = detected = whole = 0
            for store in chosen:
                for path in _files(store):
                    kept = path.read_bytes()
                    damage(path)
                    tried += 1
                    try:
                        read_store(store, finite=False)
                        print(f"{path}: {name}, and read", flush=True)
                    except ValueError as error:
                        detected += str(store) in str(error)
                    path.write_bytes(kept)
                with suppress(ValueError):
                    read_store(store, finite=False)
                    whole += 1
            lost = len(chosen) - whole
            fault = f"{name}: a chunk {whose}, lowd's own"
            rows.append(Row(fault, "the step", tried, detected, lost))
    shutil.rmtree(folder)
    return rows


def _random_store(path: Path, seed: int) -> Path:
    """Some arrays of any rank, size and type, with chunks of any number of rows."""
    import xarray as xr

    from lowd.store import arrays

    draw = random.Random(seed)
    kept, arrays.CHUNK_BYTES = arrays.CHUNK_BYTES, draw.choice((1, 16, 64, 2**22))
    variables = {}
    for name in "abc"[: draw.randint(1, 3)]:
        shape = [draw.randint(1, 7) for _ in range(draw.randint(0, 4))]
        kind = draw.choice(("f4", "f8", "i8", "?", "U3"))
        values = np.random.default_rng(seed).integers(0, draw.choice((1, 2, 99)), shape)
        variables[name] = ([f"{name}{axis}" for axis in range(len(shape))], values.astype(kind))
    arrays.write_store(path, xr.Dataset(variables))
    arrays.CHUNK_BYTES = kept
    return path


def _of_users(folder: Path) -> list[Row]:
    """Stores by zarr itself, of both formats, sharded or not, whose empty chunks are left out."""
    folder.mkdir(exist_ok=True)
    images = np.random.default_rng(0).integers(1, 256, (7, 1, 4, 6), dtype=np.uint8)
    images[2:4] = 0
    accepted = leaving = said = lost = lost_said = cut = refused = 0
    layouts = list(_layouts())
    for number, layout in enumerate(layouts):
        store = folder / f"{number}.zarr"
        _write(store, images, layout)
        values, words = _read(store)
        accepted += values is not None and np.allclose(values, images / 127.5 - 1, atol=1e-6)
        leaving += (leaves := _leaves_out(layout))
        said += leaves and "absent: all 0" in words
        for path in _files(store):
            kept = path.read_bytes()
            path.unlink()
            _, words = _read(store)
            lost_said += "absent: all 0" in words
            lost += 1
            for length in (0, len(kept) // 2, len(kept) - 1):
                path.write_bytes(kept[:length])
                values, words = _read(store)
                refused += values is None and str(store) in words
                if values is not None:
                    print(f"{layout}, {path.name}: {length} bytes, and read", flush=True)
                cut += 1
            path.write_bytes(kept)
    shutil.rmtree(folder)
    return [
        Row(
            f"a user's own store in {len(layouts)} layouts: as it is",
            "–",
            len(layouts),
            None,
            len(layouts) - accepted,
        ),
        Row("empty chunks left out of it", "the step", leaving, said, 0),
        Row("missing: a chunk of it", "the step", lost, lost_said, 0),
        Row("cut to nothing, to half, or by a byte: a chunk of it", "the step", cut, refused, 0),
    ]


def _leaves_out(layout: dict[str, Any]) -> bool:
    """Whether some file would have nothing but images 2 and 3, which are empty."""
    return layout.get("shards", layout["chunks"])[0] <= 2


def _layouts() -> Iterator[dict[str, Any]]:
    """Arguments of `create_array`."""
    from zarr.codecs import BloscCodec

    for chunks in ((1, 1, 4, 6), (2, 1, 4, 6), (2, 1, 2, 4)):
        for version, separator in product((2, 3), "./"):
            names = {"name": "v2" if version == 2 else "default", "separator": separator}
            yield {"zarr_format": version, "chunks": chunks, "chunk_key_encoding": names}
        shards = tuple(2 * each for each in chunks)
        yield {"zarr_format": 3, "chunks": chunks, "shards": shards}
        yield {"zarr_format": 3, "chunks": chunks, "compressors": BloscCodec()}


def _write(store: Path, images: np.ndarray, layout: dict[str, Any]) -> None:
    import zarr

    given = dict(layout)
    version = given.pop("zarr_format")
    group = zarr.open_group(store, mode="w", zarr_format=version)
    array = group.create_array("images", shape=images.shape, dtype="uint8", **given)
    array[:] = images


def _read(store: Path) -> tuple[np.ndarray | None, str]:
    """The images, or none; and what is said."""
    from lowd.sources.image_settings import ZarrSource
    from lowd.sources.images import load_images
    from lowd.sources.scaling import scaled

    words = StringIO()
    source = ZarrSource(source="zarr", path=store, shape=(1, 4, 6))
    with redirect_stderr(words):
        try:
            return scaled(load_images(source).images), words.getvalue()
        except ValueError as error:
            return None, words.getvalue() + str(error)
