"""Points of the user's own, in the units of the teacher's samples."""

from pathlib import Path

import numpy as np

from lowd.sources.image_settings import FolderSource
from lowd.sources.own import read_folder
from lowd.sources.scaling import scaled


def read_points(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The points in a folder of images, or in an array.

    Args:
        path: the folder, or an .npy file, or an .npz file with one array.
        shape: of a point, (channels, height, width) or (features,).

    Returns:
        (point, *shape), float32: floats as they are, bytes from −1 to 1.

    Raises:
        OSError: it is not there.
        ValueError: it is damaged, holds a pickle, values that are not finite, or points of another
            shape.
    """
    points = _images(path, shape) if path.is_dir() else _array(path)
    if points.shape[1:] != shape or points.ndim != 1 + len(shape):
        raise ValueError(
            f"{path}: {points.shape}; the teacher's samples, and so points, are of {shape}"
        )
    if points.dtype == np.uint8:
        return scaled(points)
    if points.dtype.kind != "f":
        raise ValueError(f"{path}: {points.dtype} values; store floats, or uint8")
    if count := int((~np.isfinite(points)).sum()):
        raise ValueError(f"{path}: {count} values are not finite; leave those points out")
    return points.astype(np.float32)


def read_rows(path: Path, points: int) -> np.ndarray:
    """Numbers of different rows of a pool of so many points, from an .npy file.

    Raises:
        ValueError: they are something else.
    """
    rows = _array(path)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise ValueError(f"{path}: {rows.dtype} {rows.shape}; give one axis of row numbers")
    if rows.min() < 0 or rows.max() >= points:
        raise ValueError(
            f"{path}: rows from {rows.min()} to {rows.max()}; the pool has rows 0 to {points - 1}"
        )
    if len(np.unique(rows)) < len(rows):
        raise ValueError(f"{path}: a row stands twice; a training set has each once")
    return rows


def _images(folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) != 3:
        raise ValueError(f"{folder}: a folder; the teacher's samples are no images, give an array")
    channels, height, width = shape
    source = FolderSource(source="folder", path=folder, shape=(channels, height, width))
    images = list(read_folder(source))
    for name, image in images:
        if image.shape[1:] != shape:
            raise ValueError(f"{name}: an image of {image.shape[1:]}; the teacher's are {shape}")
    return np.concatenate([image for _, image in images])


def _array(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        (name,) = found
        return found[name]
    except Exception as error:  # zipfile, zlib and numpy each raise types of their own
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path}: not one array of numbers in a file of numpy's ({reason})"
        ) from None
