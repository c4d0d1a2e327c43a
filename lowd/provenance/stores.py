"""What inside a zarr store is not as it was left: arrays and attributes, by their names.

A statement has one digest for all of a store. Which files it was made of, DVC's cache or git may
know; what they know is used only if that digest follows from it. Where neither does, arrays that
fail their own checksums are named, and of others nothing is said.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Set
from configparser import ConfigParser, Error
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from lowd.provenance.digests import STAMP, Digests, digest_files, folder_md5
from lowd.provenance.git import git
from lowd.provenance.history import files_at
from lowd.provenance.lock import read_lock

METADATA = "zarr.json"
DVC = Path(".dvc")
SHOWN = 5
"""Parts named; of more, how many."""


@dataclass(frozen=True)
class _Cached:
    """A store as DVC's cache has it.

    Attributes:
        files: MD5 by name from the store.
        cache: the folder of files by MD5.
    """

    files: Mapping[str, str]
    cache: Path

    def read(self, name: str) -> bytes:
        md5 = self.files[name]
        content = _in_cache(self.cache, md5).read_bytes()
        if _md5(content) != md5:
            raise ValueError(f"{md5}: damaged in DVC's cache")
        return content


@dataclass(frozen=True)
class _Committed:
    """A store as git has it in HEAD: content by name from the store."""

    content: Mapping[str, bytes]

    @cached_property
    def files(self) -> dict[str, str]:
        """MD5 by name."""
        return {name: _md5(content) for name, content in self.content.items()}

    def read(self, name: str) -> bytes:
        return self.content[name]


def where_inside(path: Path, stated: Digests) -> str:
    """What differs inside, to be said after a fault of `path`; nothing if nothing tells.

    Args:
        path: what is not as stated; of anything but a zarr store nothing is said.
        stated: digests of what it was.
    """
    if not stated.is_folder or not (path / METADATA).is_file():
        return ""
    parts = list(dict.fromkeys(_parts(path, stated)))
    more = f" and {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""
    return f"; inside it differs {', '.join(parts[:SHOWN])}{more}" if parts else ""


def _parts(store: Path, stated: Digests) -> Iterator[str]:
    for known in (_cached, _committed):
        before = known(store)
        if before is not None and folder_md5(sorted(before.files.items())) == stated.md5:
            return _differing(store, before)
    return _damaged(store)


def _differing(store: Path, before: _Cached | _Committed) -> Iterator[str]:
    """Arrays, attributes and other files that are not as before."""
    now = {name: content.md5 for name, content in digest_files(store).items()}
    every = before.files.keys() | now.keys()
    for name in sorted(every):
        if before.files.get(name) == now.get(name):
            continue
        node = _node(name, every)
        is_kept = name in before.files and name in now
        if PurePosixPath(name).name == METADATA and is_kept:
            yield from _of_metadata(node, (store / name).read_bytes(), before, name)
        else:
            yield f"array {node}" if node else f"file {name}"


def _node(name: str, every: Set[str]) -> str:
    """The array or group that a file is of; empty for the store itself."""
    around = (parent.as_posix() for parent in PurePosixPath(name).parents)
    return next((one for one in around if one != "." and f"{one}/{METADATA}" in every), "")


def _of_metadata(node: str, now: bytes, before: _Cached | _Committed, name: str) -> Iterator[str]:
    """Attributes that differ, and that other metadata does."""
    of = f" of {node}" if node else ""
    try:
        ours, theirs = json.loads(now), json.loads(before.read(name))
        attributes, others = (one.pop("attributes", {}) for one in (ours, theirs))
        keys = [key for key in attributes | others if _differs(attributes, others, key)]
    except (OSError, ValueError, AttributeError, TypeError):
        yield f"metadata{of}"
        return
    yield from (f"attribute {key}{of}" for key in keys)
    if ours != theirs or not keys:
        yield f"metadata{of}"


def _differs(now: dict[str, Any], before: dict[str, Any], key: str) -> bool:
    return (key in now, now.get(key)) != (key in before, before.get(key))


def _damaged(store: Path) -> Iterator[str]:
    """Arrays that fail their own checksums, or can't be read for another reason."""
    import zarr

    for metadata in sorted(store.rglob(METADATA)):
        try:
            if json.loads(metadata.read_bytes())["node_type"] != "array":
                continue
            array = zarr.open_array(metadata.parent, mode="r")
            rows = array.chunks[0] if array.ndim else 1
            for first in range(0, array.shape[0] if array.ndim else 1, rows):
                _ = array[first : first + rows] if array.ndim else array[()]
        except Exception:  # zarr's codecs raise a different type for every kind of damage
            if metadata.parent != store:
                yield f"array {metadata.parent.relative_to(store).as_posix()}"


def _cached(store: Path) -> _Cached | None:
    """The store as DVC's cache has it, by the record in dvc.lock that it is in."""
    try:
        lock = read_lock()
        record = lock.record_of(store)
        if record is None or not lock.outputs[record].endswith(".dir"):
            return None
        cache = _cache()
        rows = json.loads(_in_cache(cache, lock.outputs[record]).read_bytes())
        named = {PurePosixPath(record.as_posix(), row["relpath"]): row["md5"] for row in rows}
    except (OSError, ValueError, LookupError, TypeError, Error):
        return None
    root = PurePosixPath(store.as_posix())
    files = {
        name.relative_to(root).as_posix(): md5
        for name, md5 in named.items()
        if name.is_relative_to(root)
    }
    return _Cached(files, cache)


def _cache() -> Path:
    """The folder of DVC's cache, which its settings may have elsewhere."""
    settings = ConfigParser(interpolation=None)
    settings.read([DVC / "config", DVC / "config.local"])
    return DVC / settings.get("cache", "dir", fallback="cache")


def _in_cache(cache: Path, md5: str) -> Path:
    return cache / "files/md5" / md5[:2] / md5[2:]


def _committed(store: Path) -> _Committed | None:
    """The store as it is in HEAD; None if it is not there, or there is no git."""
    if git("rev-parse", "--verify", "--quiet", "HEAD") is None:
        return None
    listed = git("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", f"{store.as_posix()}/") or b""
    names = [Path(name) for name in listed.decode(errors="replace").split("\0") if name]
    names = [name for name in names if name.name != STAMP]
    contents = files_at([("HEAD", name.as_posix()) for name in names])
    return _Committed(
        {
            name.relative_to(store).as_posix(): content
            for name, content in zip(names, contents, strict=True)
            if content is not None
        }
    )


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
