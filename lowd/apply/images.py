"""A user's images and masks, from files and to PNG."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from lowd.sources.own import image_files

UNREADABLE = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError)
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def image_paths(given: Sequence[Path]) -> list[Path]:
    """The files given, and every image in the folders given.

    Raises:
        FileNotFoundError: one is not there, or a folder has no image.
        ValueError: two would get the same name beside each other.
    """
    paths: list[Path] = []
    for path in given:
        if path.is_dir():
            paths += image_files(path)[0]
        elif path.is_file():
            paths.append(path)
        else:
            raise FileNotFoundError(f"{path}: no such image")
    names: dict[str, Path] = {}
    for path in paths:
        if path.stem in names:
            raise ValueError(
                f"{path}: has the name of {names[path.stem]}, and so would what is made of it; "
                "rename one"
            )
        names[path.stem] = path
    return paths


def read_images(
    paths: Sequence[Path], shape: tuple[int, int, int]
) -> Float[Tensor, "image channel height width"]:
    """Images as floats from −1 to 1, upright, grey or coloured as asked for.

    Raises:
        ValueError: a file is damaged, of another size, transparent, or deeper than 8 bits.
    """
    return torch.stack([_read_image(path, shape) for path in paths])


def _read_image(path: Path, shape: tuple[int, int, int]) -> Tensor:
    channels, height, width = shape
    with _opened(path) as image:
        if image.mode in DEEP:
            raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")
        if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (
            255,
            255,
        ):
            raise ValueError(f"{path}: transparent in part; put a background behind it")
        upright = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
    _check_size(path, upright, height, width)
    pixels = np.asarray(upright, dtype=np.float32).reshape(height, width, channels)
    return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1).contiguous()


def read_mask(path: Path, shape: tuple[int, int, int]) -> Bool[Tensor, " feature"]:
    """The numbers of an image where a mask is white, in every channel; half grey is black.

    Raises:
        ValueError: it can't be read, is of another size, or is white everywhere or nowhere.
    """
    _, height, width = shape
    with _opened(path) as image:
        upright = ImageOps.exif_transpose(image).convert("L")
    _check_size(path, upright, height, width)
    white = np.asarray(upright) > 127
    if not white.any():
        raise ValueError(f"{path}: the mask is black everywhere; paint what is to be edited white")
    if white.all():
        raise ValueError(
            f"{path}: the mask is white everywhere, which leaves nothing to keep as it is; paint "
            "the rest black"
        )
    return torch.from_numpy(np.broadcast_to(white, shape).flatten().copy())


def as_bytes(images: Float[Tensor, "*stack"]) -> UInt8[np.ndarray, "*stack"]:
    """From −1 to 1, clipped, to 0 to 255."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy()


def write_png(path: Path, image: Float[Tensor, "channel height width"]) -> None:
    """An image of 8 bits, without loss."""
    pixels = as_bytes(image).transpose(1, 2, 0)
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(path)


def _opened(path: Path) -> Image.Image:
    try:
        image = Image.open(path)
        image.load()
    except UNREADABLE as error:
        raise ValueError(f"{path}: not a readable image ({error})") from None
    return image


def _check_size(path: Path, image: Image.Image, height: int, width: int) -> None:
    if (image.height, image.width) != (height, width):
        raise ValueError(
            f"{path}: {image.width}×{image.height} pixels, and the pipeline's images are "
            f"{width}×{height}; resize or crop it"
        )
