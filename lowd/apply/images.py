"""A user's images and masks, from files and to PNG."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from PIL import Image
from torch import Tensor

from lowd.sources.own import image_files
from lowd.sources.picture import read_picture
from lowd.sources.scaling import scaled
from lowd.watermark.files import to_bytes


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
    channels, height, width = shape
    pixels = np.stack([_read_sized(path, channels, height, width) for path in paths])
    return torch.from_numpy(scaled(pixels.transpose(0, 3, 1, 2))).contiguous()


def read_mask(path: Path, shape: tuple[int, int, int]) -> Bool[Tensor, " feature"]:
    """The numbers of an image where a mask is white, in every channel; half grey is black.

    Raises:
        ValueError: as `read_images`; or it is white everywhere or nowhere.
    """
    _, height, width = shape
    white = _read_sized(path, 1, height, width)[..., 0] > 127
    if not white.any():
        raise ValueError(f"{path}: the mask is black everywhere; paint what is to be edited white")
    if white.all():
        raise ValueError(
            f"{path}: the mask is white everywhere, which leaves nothing to keep as it is; paint "
            "the rest black"
        )
    return torch.from_numpy(np.broadcast_to(white, shape).flatten().copy())


def write_png(path: Path, image: Float[Tensor, "channel height width"]) -> None:
    """An image of 8 bits, without loss."""
    pixels = to_bytes(image[None])[0]
    Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(path)


def _read_sized(
    path: Path, channels: int, height: int, width: int
) -> UInt8[np.ndarray, "height width channel"]:
    pixels, _ = read_picture(path, channels)
    if pixels.shape[:2] != (height, width):
        raise ValueError(
            f"{path}: {pixels.shape[1]}×{pixels.shape[0]} pixels, and the pipeline's images are "
            f"{width}×{height}; resize or crop it"
        )
    return pixels
