"""What is done to images before use: cut out the middle, drop colours, shrink."""

import numpy as np
from jaxtyping import Float64, Shaped

from lowd.sources.source_settings import ImageSource

Images = Shaped[np.ndarray, "image channel height width"]
Processed = Shaped[np.ndarray, "image new_channel new_height new_width"]

LUMINANCE = (19595, 38470, 7471)
"""Weights of red, green and blue in 1/65536 (ITU-R BT.601), which Pillow rounds to as well."""
AT_ONCE = 1000
"""Images shrunk together: in double precision they take eight times the memory of bytes."""


def process(images: Images, settings: ImageSource) -> Processed:
    """Images of one size, cropped, made grey and shrunk as the settings say; bytes stay bytes.

    Raises:
        ValueError: they are smaller than crop or size, or have neither one channel nor three.
    """
    if settings.crop is not None:
        images = centre(images, *settings.crop)
    if settings.grey and images.shape[1] != 1:
        images = luminance(images)
    if settings.size is not None and settings.size != images.shape[2:]:
        blocks = [images[i : i + AT_ONCE] for i in range(0, len(images), AT_ONCE)]
        images = np.concatenate([shrink(block, *settings.size) for block in blocks])
    return images


def centre(images: Images, height: int, width: int) -> Processed:
    """The middle; of an odd number of rows or columns to lose, one more goes at the end.

    Raises:
        ValueError: the images are smaller.
    """
    _check_within("crop", (height, width), images)
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return images[:, :, top : top + height, left : left + width]


def luminance(images: Images) -> Processed:
    """Grey images of coloured ones (ITU-R BT.601); of bytes the same as Pillow's mode L.

    Raises:
        ValueError: they have not three channels.
    """
    if images.shape[1] != 3:
        raise ValueError(f"{images.shape[1]} channels are no colours; remove `grey`")
    if images.dtype.kind == "f":
        return (_weighted(images, np.float64) / 65536).astype(images.dtype)
    return ((_weighted(images, np.int32) + 32768) >> 16).astype(images.dtype)


def _weighted(images: Images, dtype: type) -> np.ndarray:
    """The sum of red, green and blue in 1/65536, channel after channel to spare memory."""
    terms = (images[:, i : i + 1] * dtype(weight) for i, weight in enumerate(LUMINANCE))
    return sum(terms, start=np.zeros((), dtype))


def shrink(images: Images, height: int, width: int) -> Processed:
    """Every new pixel the mean over the area that it covers, old pixels cut by its edge in part.

    Nothing overshoots or aliases as by a sharper filter or by none. Bytes are rounded once, halves
    up. All sums of bytes are exact, so that every machine gives the same.

    Raises:
        ValueError: the images are smaller.
    """
    _check_within("size", (height, width), images)
    rows, columns = images.shape[2:]
    sums = coverage(rows, height) @ images.astype(np.float64) @ coverage(columns, width).T
    area = rows * columns
    if images.dtype.kind == "f":
        return (sums / area).astype(images.dtype)
    return np.floor_divide(2 * sums + area, 2 * area).astype(images.dtype)


def coverage(old: int, new: int) -> Float64[np.ndarray, "new old"]:
    """How much of each old pixel each new one covers, in whole parts: a new one covers `old`."""
    edges_old, edges_new = np.arange(old + 1) * new, np.arange(new + 1) * old
    ends = np.minimum(edges_new[1:, None], edges_old[None, 1:])
    starts = np.maximum(edges_new[:-1, None], edges_old[None, :-1])
    return np.maximum(ends - starts, 0).astype(np.float64)


def _check_within(key: str, wanted: tuple[int, int], images: Images) -> None:
    height, width = images.shape[2:]
    if wanted[0] > height or wanted[1] > width:
        raise ValueError(
            f"{height}×{width} pixels, but {key} is {wanted[0]}×{wanted[1]}; images are never "
            "enlarged"
        )
