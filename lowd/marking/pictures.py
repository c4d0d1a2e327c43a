"""A user's images, file by file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.watermark.files import from_bytes, to_bytes


def read_pictures(
    paths: Sequence[Path], shape: tuple[int, ...]
) -> Float[Tensor, "image channel height width"]:
    """Images in [−1, 1], all of the shape (channels, height, width).

    Raises:
        FileNotFoundError: one is not there.
        ValueError: one can't be read, is transparent, has more than 8 bits, or another size.
    """
    return torch.cat([_read(path, shape) for path in paths])


def _read(path: Path, shape: tuple[int, ...]) -> Float[Tensor, "1 channel height width"]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    channels, height, width = shape
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give images, one or more")
    try:
        with Image.open(path) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a readable image ({reason})") from None
    if image.mode[0] in "IF":
        raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")
    if image.has_transparency_data:
        raise ValueError(f"{path}: transparent; put a background behind it first")
    if (image.height, image.width) != (height, width):
        raise ValueError(
            f"{path}: {image.height}×{image.width} pixels, and the pipeline's images have "
            f"{height}×{width}; give images of that size"
        )
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return from_bytes(pixels.reshape(1, height, width, channels))


def write_picture(image: Float[Tensor, "1 channel height width"], path: Path) -> None:
    """A PNG, which loses nothing."""
    from PIL import Image

    pixels = to_bytes(image)[0]
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, "PNG")


def output_names(paths: Sequence[Path]) -> list[str]:
    """What the marked images are called.

    Raises:
        ValueError: two would get one name.
    """
    names = [f"{path.stem}.png" for path in paths]
    for place, name in enumerate(names):
        if name in names[:place]:
            other = paths[names.index(name)]
            raise ValueError(f"{paths[place]}: would be {name}, as {other} would; rename one")
    return names
