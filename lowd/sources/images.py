"""Real images as arrays (image, channel, height, width) in [-1, 1]."""

from pathlib import Path

import numpy as np
from jaxtyping import Float32

from lowd.sources.settings import ArraySource, FolderSource, SourceSettings

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
Images = Float32[np.ndarray, "image channel height width"]


def load_images(settings: SourceSettings) -> Images:
    """The images of a source, in a fixed order.

    Raises:
        FileNotFoundError: the folder or file is not there, or holds no image.
        ValueError: an image has another size or mode than declared; the message names it.
    """
    if isinstance(settings, FolderSource):
        return _from_folder(settings)
    if isinstance(settings, ArraySource):
        return _from_npz(settings)
    from sklearn.datasets import load_digits

    images = load_digits().images[:, None]
    return (images / 8 - 1).astype(np.float32)


def _from_folder(settings: FolderSource) -> Images:
    from PIL import Image, UnidentifiedImageError

    channels, height, width = settings.shape
    # Directory listings come in any order; names do not.
    paths = sorted(p for p in settings.path.glob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"{settings.path}: no images ({', '.join(sorted(SUFFIXES))})")
    mode = {1: "L", 3: "RGB"}.get(channels)
    if mode is None:
        raise ValueError(f"shape: {channels} channels; images have 1 (grey) or 3 (RGB)")
    images = np.empty((len(paths), channels, height, width), np.float32)
    for row, path in enumerate(paths):
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert(mode), np.float32)
        except (UnidentifiedImageError, OSError) as error:
            raise ValueError(f"{path}: not a readable image ({error})") from None
        if pixels.shape[:2] != (height, width):
            raise ValueError(
                f"{path}: {pixels.shape[0]}×{pixels.shape[1]} pixels, "
                f"but shape declares {height}×{width}; resize it or change shape"
            )
        images[row] = pixels.reshape(height, width, channels).transpose(2, 0, 1)
    return images / 127.5 - 1


def _from_npz(settings: ArraySource) -> Images:
    path: Path = settings.path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with np.load(path, allow_pickle=False) as file:
        if settings.key not in file:
            raise ValueError(f"{path}: no array {settings.key!r}; it holds {sorted(file)}")
        images = file[settings.key]
    if images.shape[1:] != settings.shape:
        raise ValueError(
            f"{path}: samples of shape {images.shape[1:]}, but shape declares {settings.shape}"
        )
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 127.5 - 1
    if not np.isfinite(images).all() or np.abs(images).max() > 1:
        raise ValueError(f"{path}: values outside [-1, 1]; scale them, or store uint8")
    return images.astype(np.float32)
