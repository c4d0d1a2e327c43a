"""Boxes of pixels in an image."""

from collections.abc import Sequence

Box = tuple[int, int, int, int]
"""top, left, bottom, right, the last two not inside."""


def check_box(key: str, box: Box, shape: Sequence[int]) -> None:
    """Raise ValueError, with the key, unless a box has some pixels of the image and not all.

    Args:
        key: what the box is called.
        box: it.
        shape: of the image, (channel, height, width).
    """
    _, height, width = shape
    top, left, bottom, right = box
    if not (0 <= top < bottom <= height and 0 <= left < right <= width):
        raise ValueError(
            f"{key}: {list(box)} is no part of an image of {height}×{width}; give [top, left, "
            "bottom, right]"
        )
    if (bottom - top, right - left) == (height, width):
        raise ValueError(
            f"{key}: {list(box)} is the whole image, which leaves nothing to keep as it is"
        )


def middle(shape: Sequence[int]) -> Box:
    """The middle of an image, half as high and half as wide."""
    _, height, width = shape
    top, left = height // 4, width // 4
    return top, left, top + max(1, height // 2), left + max(1, width // 2)


def halves(shape: Sequence[int]) -> tuple[Box, Box]:
    """The upper and the lower half of an image."""
    _, height, width = shape
    return (0, 0, height // 2, width), (height // 2, 0, height, width)
