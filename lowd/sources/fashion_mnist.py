"""Fashion-MNIST: its idx files, compressed or not."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lowd.sources.image_settings import FashionMnistSource
from lowd.sources.published import Block, Published, check, files

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


def read(settings: FashionMnistSource) -> Iterator[tuple[str, Block]]:
    """Every file, as `read_fashion_mnist`."""
    return read_fashion_mnist(settings.path)


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
        check(name, content, path, published)
        images, rows, columns = np.frombuffer(content, ">u4", 3, offset=4).tolist()
        yield name, np.frombuffer(content, np.uint8, offset=16).reshape(images, 1, rows, columns)
