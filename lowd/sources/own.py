"""Images of the user's own: files in a folder, or one array."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import ArraySource, FolderSource, ZarrSource

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
Images = Shaped[np.ndarray, "image channel height width"]


def read_folder(settings: FolderSource) -> Iterator[tuple[str, Images]]:
    """The name and pixels of every image in a folder, by name: of one channel luminance, else RGB.

    Raises:
        FileNotFoundError: there is no image.
        ValueError: a file is damaged or has more than 8 bits a pixel; shape has two channels.
    """
    from PIL import Image, UnidentifiedImageError

    # Directory listings come in any order; names do not.
    paths = sorted(p for p in settings.path.glob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"{settings.path}: no images ({', '.join(sorted(SUFFIXES))})")
    channels = settings.shape[0]
    mode = {1: "L", 3: "RGB"}.get(channels)
    if mode is None:
        raise ValueError(f"shape: {channels} channels; images have 1 (grey) or 3 (RGB)")
    for path in paths:
        try:
            with Image.open(path) as image:
                if image.mode[0] in "IF":  # convert() would clip them at 255
                    raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")
                pixels = np.asarray(image.convert(mode))
        except (
            UnidentifiedImageError,
            Image.DecompressionBombError,
            OSError,
            SyntaxError,
        ) as error:
            raise ValueError(f"{path}: not a readable image ({error})") from None
        yield str(path), pixels.reshape(1, *pixels.shape[:2], channels).transpose(0, 3, 1, 2)


def read_npz(settings: ArraySource) -> Iterator[tuple[str, Images]]:
    """The array of an .npz file, whole.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or has no such array, or one of other values than told.
    """
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
    yield str(path), _checked(images, settings)


def read_zarr(settings: ZarrSource) -> Iterator[tuple[str, Images]]:
    """The array of a zarr group, whole; raises as `read_npz` does."""
    import zarr

    path = settings.path
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such store")
    try:
        arrays = dict(zarr.open_group(path, mode="r").arrays())
        array = arrays.get(settings.key)
        images = None if array is None else np.asarray(array[:])
    except Exception as error:  # zarr's codecs raise a different type for every kind of damage
        raise ValueError(f"{path}: not a zarr group of arrays ({error})") from None
    if array is None or images is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {sorted(arrays)}")
    # zarr reads a chunk that is lost as fill values.
    if array.nchunks_initialized < array.nchunks:
        raise ValueError(
            f"{path}: {array.nchunks - array.nchunks_initialized} of {array.nchunks} chunks of "
            f"{settings.key!r} are missing; write it again, empty chunks too"
        )
    yield str(path), _checked(images, settings)


def _checked(images: np.ndarray, settings: ArraySource | ZarrSource) -> Images:
    """Bytes, or floats in [-1, 1] in single precision."""
    path, shape = settings.path, settings.shape
    if images.ndim != 4 or not images.size:
        raise ValueError(f"{path}: shape {images.shape}; declared are images of {shape}")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise ValueError(f"{path}: {images.dtype} values; store uint8, or floats in [-1, 1]")
    if not (np.abs(images) <= 1).all():
        raise ValueError(f"{path}: values outside [-1, 1]; scale them, or store uint8")
    return images.astype(np.float32)
