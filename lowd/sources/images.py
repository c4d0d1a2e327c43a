"""Real images as arrays (image, channel, height, width) in [-1, 1]."""

import numpy as np
from jaxtyping import Float32

from lowd.sources.settings import ArraySource, FolderSource, SourceSettings

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
Images = Float32[np.ndarray, "image channel height width"]


def load_images(settings: SourceSettings) -> Images:
    """The images of a source, in a fixed order.

    Raises:
        FileNotFoundError: the folder or file is not there, or the folder holds no image.
        ValueError: an image can't be read, has another size than declared, or values that would
            not survive as 8 bits or in [-1, 1]; the message names the file.
    """
    if isinstance(settings, FolderSource):
        return _from_folder(settings)
    if isinstance(settings, ArraySource):
        return _from_npz(settings)
    from sklearn.datasets import load_digits

    images = load_digits().images[:, None]
    return (images / 8 - 1).astype(np.float32)


def _from_folder(settings: FolderSource) -> Images:
    """One channel is luminance, three are RGB, whatever the files hold."""
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
                if image.mode[0] in "IF":  # convert() would clip them at 255
                    raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")
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
    path = settings.path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with np.load(path, allow_pickle=False) as file:
            keys, images = sorted(file), file.get(settings.key)
    except Exception as error:  # zipfile, zlib and numpy each raise types of their own
        raise ValueError(f"{path}: not an .npz file of plain arrays ({error})") from None
    if images is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {keys}")
    if images.shape[1:] != settings.shape or not len(images):
        raise ValueError(f"{path}: shape {images.shape}; declared are images of {settings.shape}")
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 127.5 - 1
    if images.dtype.kind != "f":
        raise ValueError(f"{path}: {images.dtype} values; store uint8, or floats in [-1, 1]")
    if not (np.abs(images) <= 1).all():
        raise ValueError(f"{path}: values outside [-1, 1]; scale them, or store uint8")
    return images.astype(np.float32)
