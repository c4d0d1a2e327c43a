"""How many images a source holds, and how they lie on the disk, from what it says of itself."""

import zipfile
from typing import Literal, NamedTuple

import numpy as np

from lowd.sources.image_settings import (
    ArraySource,
    Cifar10Source,
    DigitsSource,
    FashionMnistSource,
    FolderSource,
    SourceSettings,
    ZarrSource,
)
from lowd.sources.settings import TrainedTeacher, held_out_of
from lowd.sources.source_settings import KnownSource

PUBLISHED = {
    "digits": DigitsSource.count,
    "cifar10": Cifar10Source.count,
    "fashion_mnist": FashionMnistSource.count,
}
"""How many a published source has."""


class Holding(NamedTuple):
    """What a source holds.

    Attributes:
        images: how many.
        shape: (channels, height, width) before anything is done to them.
        kind: one array, packed or not, or a file each; or scikit-learn's digits.
    """

    images: int
    shape: tuple[int, int, int]
    kind: Literal["array", "packed", "file", "digits"]


def holding(source: SourceSettings) -> Holding:
    """What a source holds, of the user's own from the headers of the files.

    Raises:
        LookupError: it is not there, or not as the settings say.
    """
    try:
        match source:
            case DigitsSource():
                return Holding(source.count, source.native, "digits")
            case KnownSource():
                return Holding(source.count, source.native, "packed")
            case FolderSource():
                return _folder(source)
            case ArraySource():
                return _npz(source)
        return _zarr(source)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise LookupError(f"{source.source}: nothing says how many images it has") from error


def shares(teacher: TrainedTeacher) -> tuple[int, int]:
    """How many images a teacher learns from, and how many it never sees; raises as `holding`.

    Repeats that are dropped count as if they were kept.
    """
    images = holding(teacher.images).images
    held_out = held_out_of(images, teacher.held_out)
    return images - held_out, held_out


def _folder(source: FolderSource) -> Holding:
    from PIL import Image

    from lowd.sources.own import image_files

    paths, _ = image_files(source.path)
    with Image.open(paths[0]) as image:
        width, height = image.size
    return Holding(len(paths), (source.shape[0], height, width), "file")


def _npz(source: ArraySource) -> Holding:
    if source.path.suffix == ".npy":
        images, channels, height, width = np.load(source.path, mmap_mode="r").shape
        return Holding(images, (channels, height, width), "array")
    with zipfile.ZipFile(source.path) as archive:
        name = f"{source.key}.npy"
        is_packed = archive.getinfo(name).compress_type != zipfile.ZIP_STORED
        with archive.open(name) as header:
            version = np.lib.format.read_magic(header)
            read = np.lib.format.read_array_header_1_0
            shape, _, _ = (read if version == (1, 0) else np.lib.format.read_array_header_2_0)(
                header
            )
    images, channels, height, width = shape
    return Holding(images, (channels, height, width), "packed" if is_packed else "array")


def _zarr(source: ZarrSource) -> Holding:
    import zarr

    array = dict(zarr.open_group(source.path, mode="r").arrays())[source.key]
    images, channels, height, width = array.shape
    return Holding(images, (channels, height, width), "array")
