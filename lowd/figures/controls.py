"""The marks of controls in the plane of GL and RP."""

from typing import Any

import xarray as xr
from matplotlib.axes import Axes

from lowd.figures.style import BLACK, GREY, PURPLE


def mark_controls(axes: Axes, results: xr.Dataset) -> None:
    """Pure noise, the teacher and the empirical distribution, at the largest N."""
    largest = results.isel(N=-1)
    marks: dict[str, tuple[Any, Any, str, str]] = {
        "pure noise": (largest["gl_noise"].mean(), largest["rp_noise"], GREY, "X"),
        "teacher": (largest["gl_teacher"].mean(), 1.0, BLACK, "*"),
        "$p_{emp}$": (
            largest["gl_emp"].mean(),
            largest["rp_disjoint_emp"].mean(),
            PURPLE,
            "D",
        ),
    }
    for label, (x, y, colour, marker) in marks.items():
        axes.plot(
            float(x),
            float(y),
            marker,
            color=colour,
            ms=10 if marker == "*" else 7,
            mec="white",
            mew=0.7,
            label=label,
            zorder=5,
            ls="",
        )
