"""Images of the user's own, as files in a folder."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import FolderSource

if TYPE_CHECKING:
    from PIL import Image

Images = Shaped[np.ndarray, "image channel height width"]
NO_PIXELS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "PDF", "WMF"}
"""Formats that Pillow knows and can't draw by itself."""
BITS_PER_SAMPLE = 258
"""TIFF's tag."""


def read_folder(settings: FolderSource) -> Iterator[tuple[str, Images]]:
    """The name and pixels of every image in a folder and those inside, in the order of paths.

    One channel is luminance, three are RGB. Images stand as their EXIF orientation says. What is
    left out is said, with counts: hidden files, files that are no images, frames after the first.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
        NotADirectoryError: it is a file.
        ValueError: a file is damaged, has more than 8 bits a channel, or is transparent with no
            `background`.
    """
    from PIL import Image, UnidentifiedImageError

    channels = settings.shape[0]
    mode = "L" if channels == 1 else "RGB"
    files, left_out = image_files(settings.path)
    unreadable = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError)
    for path in files:
        try:
            with Image.open(path) as image:
                _check_depth(path, image)
                if (frames := getattr(image, "n_frames", 1)) > 1:
                    left_out["frames after a file's first"] += frames - 1
                pixels = np.asarray(_upright(path, image, settings.background).convert(mode))
        except unreadable as error:
            raise ValueError(f"{path}: not a readable image ({error})") from None
        yield str(path), pixels.reshape(1, *pixels.shape[:2], channels).transpose(0, 3, 1, 2)
    if left_out:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(left_out.items()))
        print(f"{settings.path}: left out: {counts}", file=sys.stderr)


def image_files(folder: Path) -> tuple[list[Path], Counter[str]]:
    """Every file with a suffix of an image below a folder, and how many others there are, by kind.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
        NotADirectoryError: it is a file.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: a file, not a folder; for arrays there are npz, zarr")
    suffixes, found, left_out = readable_suffixes(), [], Counter[str]()
    for path in folder.rglob("*"):
        if path.is_dir():
            continue
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            left_out["hidden files"] += 1
        elif path.suffix.lower() not in suffixes:
            left_out[f"{path.suffix or 'without a suffix'}"] += 1
        else:
            found.append(path)
    if not found:
        others = ", ".join(f"{count} {what}" for what, count in sorted(left_out.items()))
        raise FileNotFoundError(f"{folder}: no images in it ({others or 'it is empty'})")
    # Directory listings come in any order; paths do not.
    return sorted(found, key=lambda path: path.relative_to(folder).parts), left_out


def readable_suffixes() -> set[str]:
    """Those of the formats that Pillow reads."""
    from PIL import Image

    Image.init()
    known = Image.registered_extensions()
    return {suffix for suffix, kind in known.items() if kind in Image.OPEN.keys() - NO_PIXELS}


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
    path: Path, image: "Image.Image", background: tuple[int, int, int] | None
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
        raise ValueError(
            f"{path}: transparent in part; give `background: [red, green, blue]` to put behind it"
        )
    return Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image).convert(
        "RGB"
    )
