"""Attacks by name, and how strong they may be."""

from typing import Literal

AttackKind = Literal["jpeg", "blur", "noise", "resize", "crop"]
NONE: Literal["none"] = "none"
JPEG: AttackKind = "jpeg"
NOISE: AttackKind = "noise"

RANGES: dict[AttackKind, tuple[int, int, str]] = {
    JPEG: (1, 95, "a quality"),
    "blur": (0, 100, "a radius in pixels"),
    NOISE: (0, 1, "a standard deviation, white being 1"),
    "resize": (0, 1, "a share of the sides"),
    "crop": (0, 1000, "a margin in pixels"),
}
"""Of every kind the lowest and the highest strength, and what it is."""
