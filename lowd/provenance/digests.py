"""What is in a file or folder, as digests: SHA-256 to rely on, DVC's MD5 to join dvc.lock.

A folder's SHA-256 is in-toto's `dirHash`: the SHA-256 of the lines `<SHA-256 of a file>  <path>`,
sorted by path, which is what coreutils give inside the folder:

    find . -type f | cut -c3- | LC_ALL=C sort | xargs -r sha256sum | sha256sum

Its MD5 is that of DVC's own listing. Neither counts Snakemake's time stamps or empty folders; like
DVC, a link to a file counts as the file and a link to a folder not at all.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

CHUNK_BYTES = 2**20
STAMP = ".snakemake_timestamp"


class Digests(NamedTuple):
    """Both digests of one file or folder, in lowercase hexadecimal.

    Attributes:
        sha256: of a file's bytes; of a folder, its dirHash.
        md5: as dvc.lock has it; ends in ".dir" for a folder.
    """

    sha256: str
    md5: str

    @property
    def is_folder(self) -> bool:
        """Whether they are those of a folder."""
        return self.md5.endswith(".dir")

    def digest_set(self) -> dict[str, str]:
        """As in-toto's DigestSet, where `md5` is the plain MD5 of a file and nothing else."""
        if self.is_folder:
            return {"dirHash": self.sha256, "dvcMd5": self.md5}
        return {"sha256": self.sha256, "md5": self.md5}

    @classmethod
    def from_digest_set(cls, digest_set: Mapping[str, str]) -> "Digests":
        """What `digest_set` made.

        Raises:
            ValueError: it is neither of a file nor of a folder.
        """
        for sha256, md5, suffix in (("sha256", "md5", ""), ("dirHash", "dvcMd5", r"\.dir")):
            if sha256 in digest_set and md5 in digest_set:
                found = cls(digest_set[sha256], digest_set[md5])
                if re.fullmatch("[0-9a-f]{64}", found.sha256) and re.fullmatch(
                    f"[0-9a-f]{{32}}{suffix}", found.md5
                ):
                    return found
        raise ValueError(f"{dict(digest_set)} are not the digests of a file or folder")


def digest(path: Path) -> Digests:
    """Digests of one file or folder; raises as `digest_all` does."""
    return digest_all([path])[0]


def digest_all(paths: Sequence[Path]) -> list[Digests]:
    """Digests of files and folders, each file read once, several at a time.

    Raises:
        OSError: one is missing or can't be read.
        ValueError: a file's name is not UTF-8 or has a line break.
    """
    trees = [sorted(_walk(path)) if path.is_dir() else [("", path)] for path in paths]
    files = {file for tree in trees for _, file in tree}
    # hashlib lets go of the interpreter's lock: threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashed = dict(zip(files, pool.map(_digest_file, files), strict=True))
    return [
        _digest_folder([(name, hashed[file]) for name, file in tree])
        if path.is_dir()
        else hashed[path]
        for path, tree in zip(paths, trees, strict=True)
    ]


def digest_files(folder: Path) -> dict[str, Digests]:
    """Digests of every file below a folder, by relative name; raises OSError as `digest_all`."""
    return {name: _digest_file(path) for name, path in _walk(folder)}


def folder_md5(files: Sequence[tuple[str, str]]) -> str:
    """A folder's MD5, as DVC has it, from the MD5 of each file, sorted by relative name."""
    listing = json.dumps([{"md5": md5, "relpath": name} for name, md5 in files], sort_keys=True)
    return f"{hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest()}.dir"


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file below the folder, and its relative name with forward slashes."""

    def refuse(error: OSError) -> None:
        raise error

    for parent, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            if name != STAMP:
                path = Path(parent, name)
                yield path.relative_to(folder).as_posix(), path


def _digest_file(path: Path) -> Digests:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            md5.update(chunk)
    return Digests(sha256.hexdigest(), md5.hexdigest())


def _digest_folder(files: Sequence[tuple[str, Digests]]) -> Digests:
    for name, _ in files:
        if "\n" in name or not _is_utf8(name):
            raise ValueError(f"{name!r}: no digest of a folder can name this file; rename it")
    lines = "".join(f"{content.sha256}  {name}\n" for name, content in files)
    md5 = folder_md5([(name, content.md5) for name, content in files])
    return Digests(hashlib.sha256(lines.encode()).hexdigest(), md5)


def _is_utf8(name: str) -> bool:
    """Bytes that are no UTF-8 come from the file system as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
