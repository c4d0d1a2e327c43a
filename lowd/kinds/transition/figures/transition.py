"""Transition point N* against |θ|, with the fitted slope of each rule."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.intervals import told_intervals, told_resampling, told_slope
from lowd.figures.rules import RULES
from lowd.figures.style import COLUMN, GREY
from lowd.metrics.transition import CENSORED, UNKNOWN, fit_slope

NAMES = {"e": "E_gen = E_mem", "gl": "GL = ½ of the teacher's own", "rp": "RP = ½"}
SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""


def draw(results: xr.Dataset) -> Figure:
    """Every replicate's crossing, the line through the means of three sizes or more, and ½."""
    figure, axes = plt.subplots(figsize=(COLUMN, 3.1))
    x = np.log2(results["parameters"].values)
    edges = np.log2(results["N"].values[[0, -1]])
    for rule, (label, colour, marker, offset) in RULES.items():
        points = results[f"log2_n_{rule}"].values
        censored = results[f"censored_{rule}"].values
        for column in range(points.shape[1]):
            axes.plot(x + offset, points[:, column], marker, color=colour, alpha=0.45, mew=0)
            for side, arrow in ((-1, "v"), (1, "^")):
                hidden = censored[:, column] == side
                if not hidden.any():
                    continue
                axes.plot(
                    x[hidden] + offset * 4,
                    np.full(hidden.sum(), edges[max(side, 0)]),
                    arrow,
                    mfc="none",
                    mec=colour,
                    ms=5,
                    clip_on=False,
                )
        line = "-" if _draw_fit(axes, x, points, colour) else ""
        told = told_slope(results, rule)
        axes.plot([], [], marker + line, color=colour, label=f"{label}: {told}")
    middle = np.array([x.min(), x.max()])
    start = np.nanmin(results["log2_n_e"].values, initial=edges[1])
    axes.plot(middle, start - 0.6 + (middle - middle[0]) / 2, color=GREY, ls=":", label="slope ½")
    axes.set_xlabel("$\\log_2|\\theta|$")
    axes.set_ylabel("$\\log_2 N^{*}$")
    figure.legend(loc="outside upper center", alignment="left")
    return figure


def _draw_fit(axes: Axes, x: np.ndarray, points: np.ndarray, colour: str) -> bool:
    """Draw the line through means if it is through three or more: two would look exact."""
    inside = np.isfinite(points).all(axis=1)
    if len(np.unique(x[inside])) < 3:
        return False
    slope, intercept = fit_slope(x[inside], points[inside].mean(axis=1))
    ends = np.array([x[inside].min(), x[inside].max()])
    axes.plot(ends, intercept + slope * ends, color=colour)
    return True


def caption(results: xr.Dataset) -> str:
    """Slopes with intervals, spreads, and how many crossings are censored."""
    parts = []
    for rule, name in NAMES.items():
        censored = results[f"censored_{rule}"].values
        part = f"{name}: {told_slope(results, rule)}{told_resampling(results, rule)}"
        if not np.isnan(results[f"slope_{rule}"]):
            part += (
                f", range of log₂ N* {float(results[f'spread_{rule}']):.2f}, after dividing by "
                f"√|θ| {float(results[f'rescaled_spread_{rule}']):.2f}"
            )
        outside = np.isin(censored, [CENSORED["below"], CENSORED["above"]]).sum()
        part += f", {outside} of {censored.size} crossings censored"
        if unknown := np.count_nonzero(censored == UNKNOWN):
            part += f", {unknown} unknown, fewer than two N being measured"
        parts.append(part)
    return " ".join(
        [
            f"Transition point N* against |θ|. {'; '.join(parts)}. Open triangles lie outside the "
            "grid of N and are not extrapolated; models with a censored replicate are left out of "
            "the fit.",
            *told_intervals(results, NAMES),
            "All sizes are trained for the same steps at the same learning rate: N* and how it "
            "grows are those of that training.",
        ]
    )
