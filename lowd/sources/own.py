"""Images of the user's own, as files in a folder."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from lowd.sources.image_settings import FolderSource
from lowd.sources.picture import read_picture

Images = Shaped[np.ndarray, "image channel height width"]
NO_PIXELS = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "PDF", "WMF"}
"""Formats that Pillow knows and can't draw by itself."""
REMEDY = "give `background: [red, green, blue]` to put behind it"


def read_folder(settings: FolderSource) -> Iterator[tuple[str, Images]]:
    """The name and pixels of every image in a folder and those inside, in the order of paths.

    One channel is luminance, three are RGB. Images stand as their EXIF orientation says. What is
    left out is said, with counts: hidden files, files that are no images, linked folders, and
    frames after the first.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
        NotADirectoryError: it is a file.
        ValueError: a file is damaged, has more than 8 bits a channel, or is transparent with no
            `background`.
    """
    files, left_out = image_files(settings.path)
    for path in files:
        pixels, further = read_picture(path, settings.shape[0], settings.background, REMEDY)
        if further > 0:
            left_out["frames after a file's first"] += further
        yield str(path), pixels.transpose(2, 0, 1)[None]
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
            if path.is_symlink():
                left_out["linked folders"] += 1
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
