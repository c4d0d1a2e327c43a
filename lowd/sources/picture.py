"""An image file as pixels: upright, of 8 bits a channel, with nothing cut in silence."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

if TYPE_CHECKING:
    from PIL import Image

BITS_PER_SAMPLE = 258
"""TIFF's tag."""


def read_picture(
    path: Path,
    channels: int,
    background: tuple[int, int, int] | None = None,
    remedy: str = "put a background behind it",
) -> tuple[UInt8[np.ndarray, "height width channel"], int]:
    """The pixels of a file's first frame, and how many frames follow it.

    Args:
        path: of the file.
        channels: 1 for luminance, 3 for RGB.
        background: RGB behind what is transparent.
        remedy: what to do about an image that is transparent where there is no background.

    Raises:
        ValueError: the file is damaged, has more than 8 bits a channel, or is transparent with no
            background.
    """
    from PIL import Image, UnidentifiedImageError

    unreadable = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError)
    try:
        with Image.open(path) as image:
            _check_depth(path, image)
            further = getattr(image, "n_frames", 1) - 1
            upright = _upright(path, image, background, remedy)
            pixels = np.asarray(upright.convert("L" if channels == 1 else "RGB"))
    except unreadable as error:
        raise ValueError(f"{path}: not a readable image ({error})") from None
    return pixels.reshape(*pixels.shape[:2], channels), further


def _check_depth(path: Path, image: "Image.Image") -> None:
    """Raise ValueError if pixels have more than 8 bits, which Pillow would cut in silence."""
    bits = max(getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,)))
    # How the decoder was told to read: raw modes, and of PPM the largest value.
    told = [tile[3] for tile in getattr(image, "tile", ())]
    told = [each for one in told for each in (one if isinstance(one, tuple) else (one,))]
    is_deep = bits > 8 or any(";16" in str(each) for each in told)
    is_deep |= image.format == "PPM" and any(isinstance(one, int) and one > 255 for one in told)
    if image.mode[0] in "IF" or is_deep:
        raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")


def _upright(
    path: Path, image: "Image.Image", background: tuple[int, int, int] | None, remedy: str
) -> "Image.Image":
    """The image as its orientation says, on the background where it is transparent."""
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    if background is None:
        raise ValueError(f"{path}: transparent in part; {remedy}")
    return Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image).convert(
        "RGB"
    )
