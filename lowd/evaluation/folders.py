"""Folders of images as sets of samples."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from lowd.evaluation.sets import AT_ONCE, Images, Pixels, Reading, SampleSet
from lowd.sources.image_settings import FolderSource
from lowd.sources.own import image_files, read_folder
from lowd.sources.picture import read_picture
from lowd.sources.processing import process
from lowd.sources.scaling import scaled
from lowd.sources.source_settings import ImageSource

WHITE = (255, 255, 255)
"""What is behind transparent pixels."""
SHOWN = 160
"""Pixels along the longer side of an image that is shown, at most."""
GREY = {"1", "L", "LA"}
"""Pillow's modes without colours."""


def open_folder(folder: Path, reading: Reading, grey: bool | None = None) -> SampleSet:
    """The images in a folder and its folders; arguments and errors as of `open_set`."""
    files, _ = image_files(folder)
    if grey is None:
        grey = all(_mode(path) in GREY for path in files)
    source = FolderSource(
        source="folder", path=folder, shape=(1 if grey else 3, 1, 1), background=WHITE
    )
    steps = ImageSource(size=reading.size)

    def images() -> Iterator[np.ndarray]:
        expected = None
        for name, pixels in read_folder(source):
            try:
                pixels = process(pixels, steps)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            expected = expected or pixels.shape
            if pixels.shape != expected:
                raise ValueError(
                    f"{name}: {pixels.shape[2]}×{pixels.shape[3]} pixels, but the first image has "
                    f"{expected[2]}×{expected[3]}; `--size` shrinks images to one size"
                )
            yield pixels

    content = hashlib.sha256(f"{grey} {reading.size}".encode())
    for path in files:
        content.update(path.read_bytes())
    return SampleSet(
        name=str(folder),
        kind="images",
        shape=next(images()).shape[1:],
        count=len(files),
        content=content.hexdigest(),
        blocks=lambda: _blocks(images()),
        labels=tuple(path.relative_to(folder).as_posix() for path in files),
        image=lambda row: _shown(files[row]),
    )


def _blocks(images: Iterator[np.ndarray]) -> Iterator[Images]:
    while block := list(islice(images, AT_ONCE)):
        yield scaled(np.concatenate(block))


def _shown(path: Path) -> Pixels:
    from PIL import Image

    pixels, _ = read_picture(path, 3, WHITE)
    shown = Image.fromarray(pixels)
    shown.thumbnail((SHOWN, SHOWN))
    return np.asarray(shown)


def _mode(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.mode
    except Exception as error:  # Pillow's decoders raise types of their own
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a readable image ({reason})") from None
