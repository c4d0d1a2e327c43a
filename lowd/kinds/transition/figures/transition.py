"""Transition point N* against |θ|, with the fitted slope of each rule."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.intervals import told_intervals, told_resampling, told_slope
from lowd.figures.rules import RULES
from lowd.figures.style import COLUMN, GREY, made_of, short_count
from lowd.metrics.transition import CENSORED, UNKNOWN, fit_slope

NAMES = {"e": "E_gen = E_mem", "gl": "GL", "rp": "RP"}
SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""
SAME_TRAINING = (
    "All sizes have the same steps and learning rate: slopes are those of that training."
)


def draw(results: xr.Dataset) -> Figure:
    """Every replicate's crossing, the line through the means of three sizes or more, and ½."""
    figure, axes = plt.subplots(figsize=(COLUMN, 3.0))
    parameters, samples = results["parameters"].values, results["N"].values
    for rule, (label, colour, marker, offset) in RULES.items():
        points = 2 ** results[f"log2_n_{rule}"].values
        censored = results[f"censored_{rule}"].values
        x = parameters * 2**offset
        for column in range(points.shape[1]):
            axes.plot(x, points[:, column], marker, color=colour, alpha=0.6, mew=0)
            for side, arrow in ((-1, "v"), (1, "^")):
                hidden = censored[:, column] == side
                if hidden.any():
                    edge = np.full(hidden.sum(), samples[max(side, 0)])
                    look: Any = {"mfc": "none", "mec": colour, "ms": 5, "clip_on": False}
                    axes.plot(x[hidden], edge, arrow, **look)
        line = "-" if _draw_fit(axes, parameters, points, colour) else ""
        told = told_slope(results, rule)
        axes.plot([], [], marker + line, color=colour, label=f"{label}: {told}")
    measured = results["log2_n_e"].values - np.log2(parameters)[:, None] / 2
    if np.isfinite(measured).any():
        centre = np.nanmean(measured)
        ends = np.array([parameters.min(), parameters.max()])
        axes.plot(ends, 2**centre * ends**0.5, color=GREY, ls=":", label="slope ½")
    if not any(np.isfinite(results[f"log2_n_{rule}"]).any() for rule in RULES):
        axes.set_ylim(samples[0] / 2, samples[-1] * 2)
    _label(axes, parameters)
    figure.legend(loc="outside upper center", alignment="left")
    return figure


def _label(axes: Axes, parameters: np.ndarray) -> None:
    """Logarithmic axes with |θ| and N themselves."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    shown = sorted(parameters.tolist())
    apart = [one for one, before in zip(shown, [0, *shown], strict=False) if one > 1.4 * before]
    axes.set_xticks(apart, [short_count(int(one)) for one in apart])
    axes.minorticks_off()
    axes.set_xlabel("$|\\theta|$")
    axes.set_ylabel("$N^{*}$")


def _draw_fit(axes: Axes, parameters: np.ndarray, points: np.ndarray, colour: str) -> bool:
    """Draw the line through means if it is through three or more: two would look exact."""
    inside = np.isfinite(points).all(axis=1)
    x, y = np.log2(parameters[inside]), np.log2(points[inside]).mean(axis=1)
    if len(np.unique(x)) < 3:
        return False
    slope, intercept = fit_slope(x, y)
    ends = np.array([x.min(), x.max()])
    axes.plot(2**ends, 2 ** (intercept + slope * ends), color=colour)
    return True


def caption(results: xr.Dataset) -> str:
    """Slopes with intervals, and how many crossings are censored."""
    parts: list[str] = []
    resampled: list[str] = []
    outside = unknown = 0
    for rule, name in NAMES.items():
        censored = results[f"censored_{rule}"].values
        outside += int(np.isin(censored, [CENSORED["below"], CENSORED["above"]]).sum())
        unknown += int((censored == UNKNOWN).sum())
        parts.append(f"by {name} {told_slope(results, rule)}")
        if told := told_resampling(results, rule):
            resampled.append(f"{told} by {name}")
    total = sum(results[f"censored_{rule}"].size for rule in NAMES)
    return " ".join(
        [
            f"How N* grows with |θ|: {'; '.join(parts)}.\nGL is at ½ of the "
            "teacher's own, RP at ½. Points are replicates, or pairs of them; open triangles lie "
            f"outside the grid of N ({outside} of {total}); sizes with one are left out of fits.",
            *([f"{unknown} are unknown, fewer than two N being measured."] if unknown else []),
            *told_intervals(results, NAMES),
            *([f"When resampled: {', '.join(resampled)}."] if resampled else []),
            *([SAME_TRAINING] if "steps" in results.attrs else []),
            made_of(results),
        ]
    )
