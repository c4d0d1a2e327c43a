"""Which closed form explains students of each size, over N."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    band,
    centre_and_error,
    ends,
    extremes,
    listed,
    made_of,
    quoted,
    samples_axis,
    short_count,
)

STYLES = {
    "teacher": (BLACK, ":"),
    "p_emp": (VERMILION, "-"),
    "gaussian": (ORANGE, "-"),
    "mixture": (ORANGE, "--"),
    "local": (BLUE, "-"),
    "equivariant": (BLUE, "--"),
    "pca locality": (GREEN, "-"),
    "disjoint student": (GREY, "-."),
}
LABELS = {
    "teacher": "teacher",
    "p_emp": "$p_{emp}$",
    "gaussian": "Gaussian",
    "mixture": "mixture of Gaussians",
    "local": "local windows",
    "equivariant": "patches from anywhere",
    "pca locality": "PCA locality",
    "disjoint student": "student of other data",
}
SAID = LABELS | {"p_emp": "p_emp"}
LEAST = -0.5
"""Of r² that is shown."""
COLUMNS = 4
"""Sizes shown at most."""
ROWS = (("cosine", "cosine"), ("r2", "$r^2$, share explained"), ("pfd", "PFD, in units of pixels"))


def draw(results: xr.Dataset) -> Figure:
    """A column a size, a row a score, a line a theory."""
    order = np.argsort(results["parameters"].values)
    count = min(COLUMNS, len(order))
    shown = order[np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))]
    figure, panels = plt.subplots(
        len(ROWS), len(shown), figsize=(2 * COLUMN, 5.2), sharex=True, sharey="row", squeeze=False
    )
    tried = [theory for theory in STYLES if results["cosine"].sel(theory=theory).notnull().any()]
    for column, model in enumerate(shown):
        one = results.isel(model=int(model))
        panels[0, column].set_title(f"$|\\theta|$ = {short_count(int(one['parameters']))}")
        for row, (score, label) in enumerate(ROWS):
            axes = panels[row, column]
            for theory in tried:
                colour, line = STYLES[theory]
                curve = centre_and_error(one.sel(theory=theory), score, "replicate")
                band(axes, results["N"].values, *curve, color=colour, ls=line, marker=".", lw=1.2)
            if column == 0:
                axes.set_ylabel(label)
        samples_axis(panels[-1, column], results["N"].values)
    panels[1, 0].set_ylim(bottom=max(LEAST, float(results["r2"].min()) - 0.05), top=1.02)
    panels[2, 0].set_ylim(bottom=0)
    handles = [
        Line2D([], [], color=STYLES[theory][0], ls=STYLES[theory][1], label=LABELS[theory])
        for theory in tried
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def caption(results: xr.Dataset) -> str:
    """What explains the largest size best at both ends of the grid."""
    largest, name = extremes(results)
    found, rows = [], []
    for end in ends(results):
        cell = largest.isel(N=end)
        scores = {
            theory: centre_and_error(cell.sel(theory=theory), "r2", "replicate")
            for theory in STYLES
        }
        tried = {theory: one for theory, one in scores.items() if np.isfinite(one[0])}
        closed = [theory for theory in tried if theory not in ("teacher", "disjoint student")]
        if closed:
            best = max(closed, key=lambda theory: float(tried[theory][0]))
            found.append(f"{SAID[best]} ({float(tried[best][0]):.2f}) at N = {int(cell['N']):,}")
            others = [theory for theory in ("teacher", "disjoint student") if theory in tried]
            if others:
                told = [f"{SAID[theory]} {quoted(*tried[theory])}" for theory in others]
                rows.append(f"at N = {int(cell['N']):,} {listed(told)}")
    first = f"By r² {listed(found)} explain most of {name}" if found else "No closed form was tried"
    beside = f" Beside them, r² {'; '.join(rows)}." if rows else ""
    return (
        f"{first}.\nA column a size; rows: mean cosine of a student's and a theory's samples of "
        "the same noises, from the data's mean; share of the student's squared distance from there "
        f"that the theory explains; PFD.{beside} Local windows are chosen at each noise level by "
        "the student's own denoising; patches from anywhere have their size. "
        f"{_averaged(results)} {made_of(results)}"
    ).strip()


def _averaged(results: xr.Dataset) -> str:
    """What curves and bands are, and what is cut off."""
    count = results.sizes["replicate"]
    told = (
        "One training set of each N; bands are two standard errors of the noises."
        if count == 1
        else f"Means over {count} replicates; bands are two standard errors."
    )
    if float(results["r2"].min()) < LEAST:
        told += f" r² is cut off at {LEAST:.1f}."
    return told
