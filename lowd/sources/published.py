"""Published data sets: fetched, or taken from where they lie, and the same to the byte either way.

What counts is the content of the files inside, whatever packs them: each is held against a digest
pinned here. CIFAR-10's are of the six .bin files of its binary archive, Fashion-MNIST's of its idx
files uncompressed; docs/studies.md says where every number comes from.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

Block = UInt8[np.ndarray, "image channel height width"]


@dataclass(frozen=True)
class Published:
    """Where a data set is published, and what it holds.

    Attributes:
        name: what to call it.
        downloads: the MD5 of each archive by its address.
        contents: the SHA-256 of each file in it, uncompressed, in the order of images.
        elsewhere: where else it can be had.
        places: what is looked for before anything is fetched, in pooch's cache if not absolute.
    """

    name: str
    downloads: Mapping[str, str]
    contents: Mapping[str, str]
    elsewhere: str
    places: tuple[Path, ...] = ()


def files(path: Path | None, names: set[str], published: Published) -> dict[str, bytes]:
    """The files called so, in a folder or tar archive at `path`, or as installed, or fetched.

    Raises:
        OSError: nothing can be fetched.
        FileNotFoundError: there is nothing at `path`.
        ValueError: an archive is damaged; or, once read, a file is missing or another than
            published.
    """
    if path is None:
        path = next(filter(Path.exists, (_cache() / place for place in published.places)), None)
    if path is None:
        fetched = [_fetch(url, md5, published) for url, md5 in published.downloads.items()]
        return {name: data for one in fetched for name, data in _inside(one, names).items()}
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: nothing is there; give the path of {published.name} ({published.elsewhere})"
        )
    return _inside(path, names)


def _fetch(url: str, md5: str, published: Published) -> Path:
    """The file at that address, in pooch's cache, whose content is checked each time."""
    import pooch

    try:
        return Path(pooch.retrieve(url, f"md5:{md5}", fname=url.rsplit("/", 1)[-1], path=_cache()))
    except (OSError, ValueError) as error:
        raise OSError(
            f"{url}: can't be fetched ({error}); give teacher.images.path, the path of "
            f"{published.name} ({published.elsewhere})"
        ) from None


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("lowd"))


def _inside(path: Path, names: set[str]) -> dict[str, bytes]:
    if path.is_dir():
        # The first by name counts, of files that are called the same.
        paths = sorted(
            (p for p in path.rglob("*") if p.name in names and p.is_file()), reverse=True
        )
        return {p.name: p.read_bytes() for p in paths}
    if path.name in names:
        return {path.name: path.read_bytes()}
    try:
        with tarfile.open(path) as archive:
            return {
                Path(member.name).name: file.read()
                for member in archive
                if Path(member.name).name in names and (file := archive.extractfile(member))
            }
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a whole tar archive ({reason}); get it again") from None


def check(name: str, content: bytes, path: Path | None, published: Published) -> None:
    """Raise ValueError unless a file's content is the one published."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != published.contents[name]:
        raise ValueError(
            f"{path or published.name}: {name} has SHA-256 {digest}, not "
            f"{published.contents[name]} as published; it is damaged or another file: get it again"
        )
