"""How strong attacks may be."""

RANGES = {
    "jpeg": (1, 95, "a quality"),
    "blur": (0, 100, "a radius in pixels"),
    "noise": (0, 1, "a standard deviation, white being 1"),
    "resize": (0, 1, "a share of the sides"),
    "crop": (0, 1000, "a margin in pixels"),
}
"""Of every kind the lowest and the highest strength, and what it is."""
