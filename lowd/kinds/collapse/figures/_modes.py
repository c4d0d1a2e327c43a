"""How figures tell modes apart, and the curves of one."""

import numpy as np
import xarray as xr

from lowd.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION

SKY, YELLOW = "#56B4E9", "#B8A500"
COLOURS = (VERMILION, BLUE, GREEN, ORANGE, PURPLE, SKY, YELLOW)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
CONTROL = "control"


def styles(results: xr.Dataset) -> dict[str, tuple[str, str]]:
    """Colour and marker of each mode; the mode called control is grey."""
    found, used = {}, 0
    for mode in results["mode"].values.tolist():
        if mode == CONTROL:
            found[mode] = (GREY, "x")
            continue
        found[mode] = (COLOURS[used % len(COLOURS)], MARKERS[used % len(MARKERS)])
        used += 1
    return found


def measured(values: xr.DataArray) -> bool:
    """Whether there is anything to draw."""
    return bool(np.isfinite(values.values).any())
