"""An image file as pixels: upright, of 8 bits a channel, with nothing cut in silence."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

if TYPE_CHECKING:
    from PIL import Image

BITS_PER_SAMPLE = 258
"""TIFF's tag."""
HEADERS = {
    # av1C, its version, its profile, and bit 6 of what follows (AV1 ISOBMFF § 2.3.3).
    "AVIF": re.compile(rb"av1C\x81.[\x40-\x7f\xc0-\xff]", re.DOTALL),
    # SIZ: 40 bytes, then of the first channel one less than its bits (ISO 15444-1 A.5.1).
    "JPEG2000": re.compile(rb"\xff\x4f\xff\x51.{38}[\x08-\x7f\x88-\xff]", re.DOTALL),
    # Magic number, compression, bytes a channel.
    "SGI": re.compile(rb"\A\x01\xda.\x02", re.DOTALL),
}
"""How files of these formats begin if they have more than 8 bits a channel, which Pillow hides."""


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
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            is_deep = _is_deep(path, image)
            further = getattr(image, "n_frames", 1) - 1
            upright = image if is_deep else ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises a different type for every kind of damage
        raise ValueError(f"{path}: not a readable image ({error})") from None
    if is_deep:
        raise ValueError(f"{path}: more than 8 bits a pixel; convert it to 8 bits")
    opaque = _on_background(path, upright, background, remedy)
    pixels = np.asarray(opaque.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(*pixels.shape[:2], channels), further


def _is_deep(path: Path, image: "Image.Image") -> bool:
    """Whether pixels have more than 8 bits, which Pillow would cut in silence."""
    if image.format in HEADERS:
        header = HEADERS[image.format].search(path.read_bytes())
        return header is not None
    bits = max(getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (8,)))
    # How the decoder was told to read: raw modes, and of PPM the largest value.
    told = [tile[3] for tile in getattr(image, "tile", ())]
    told = [each for one in told for each in (one if isinstance(one, tuple) else (one,))]
    is_deep = bits > 8 or any(";16" in str(each) or "BC6H" in str(each) for each in told)
    is_deep |= image.format == "PPM" and any(isinstance(one, int) and one > 255 for one in told)
    return image.mode[0] in "IF" or is_deep


def _on_background(
    path: Path, image: "Image.Image", background: tuple[int, int, int] | None, remedy: str
) -> "Image.Image":
    """The image on the background where it is transparent."""
    from PIL import Image

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
