"""Which closed form explains students of each size, over N."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

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
    quoted,
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
LEAST = -0.5
"""Of r² that is shown."""
COLUMNS = 4
"""Sizes shown at most."""
ROWS = (("cosine", "cosine"), ("r2", "$r^2$"), ("pfd", "PFD, pixels"))


def draw(results: xr.Dataset) -> Figure:
    """A column a size, a row a score, a line a theory."""
    order = np.argsort(results["parameters"].values)
    count = min(COLUMNS, len(order))
    shown = order[np.unique(np.linspace(0, len(order) - 1, count).round().astype(int))]
    figure, panels = plt.subplots(
        len(ROWS), len(shown), figsize=(2 * COLUMN, 5.2), sharex=True, sharey="row", squeeze=False
    )
    tried = [theory for theory in STYLES if results["cosine"].sel(theory=theory).notnull().any()]
    log2_n = np.log2(results["N"].values)
    for column, model in enumerate(shown):
        one = results.isel(model=int(model))
        panels[0, column].set_title(f"$|\\theta|$ = {short_count(int(one['parameters']))}")
        for row, (score, label) in enumerate(ROWS):
            axes = panels[row, column]
            for theory in tried:
                colour, line = STYLES[theory]
                curve = centre_and_error(one.sel(theory=theory), score, "replicate")
                band(axes, log2_n, *curve, color=colour, ls=line, lw=1.2)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            if column == 0:
                axes.set_ylabel(label)
        panels[-1, column].set_xlabel("$\\log_2 N$")
    panels[1, 0].set_ylim(bottom=max(LEAST, float(results["r2"].min()) - 0.05), top=1.02)
    panels[2, 0].set_ylim(bottom=0)
    handles = [
        Line2D([], [], color=STYLES[theory][0], ls=STYLES[theory][1], label=LABELS[theory])
        for theory in tried
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def caption(results: xr.Dataset) -> str:
    """What explains the largest size best at both ends, and all numbers there."""
    largest, name = extremes(results)
    parts = []
    for end in ends(results):
        cell = largest.isel(N=end)
        told, closed = [], {}
        for theory in STYLES:
            one = cell.sel(theory=theory)
            centre, error = centre_and_error(one, "r2", "replicate")
            if np.isfinite(centre):
                cosine = quoted(*centre_and_error(one, "cosine", "replicate"))
                told.append(f"{theory} r² {quoted(centre, error)}, cosine {cosine}")
                if theory not in ("teacher", "disjoint student"):
                    closed[theory] = float(centre)
        if closed:
            best = max(closed, key=lambda theory: closed[theory])
            parts.append(f"at N = {int(cell['N'])} {best} explains most ({'; '.join(told)})")
    return (
        f"Of the closed forms, for {name}, {'; '.join(parts) or 'none was tried'}. Rows: mean "
        "cosine of a student's and a theory's sample of one noise, seen from the data's mean; the "
        "share of the student's squared distance from there that the theory explains; probability "
        "flow distance in pixels. A column is a size. Local windows are chosen at each noise level "
        "by how near they come to the student's own denoising of held-out points, and patches from "
        "anywhere have the same size; all other theories know the training set alone. "
        f"{_averaged(results)}"
    )


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
