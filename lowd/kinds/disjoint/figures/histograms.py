"""Similarity of students of disjoint data to each other and to their data (Kadkhodaie et al.)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lowd.figures.style import BLUE, COLUMN, VERMILION, centre_and_error, made_of, quoted

COLUMNS = 5
"""Panels a row, at most."""

SHOWN = {
    "between": ("to each other", BLUE, "disjoint_pair"),
    "nearest": ("to the nearest training image", VERMILION, "replicate"),
}
"""What to call the cosines, their colour, and what their means are taken over."""


def draw(results: xr.Dataset) -> Figure:
    """A panel an N, rows as even as they can be."""
    count = results.sizes["N"]
    columns = _columns(count)
    rows = -(-count // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(2 * COLUMN, 0.5 + 1.35 * rows), sharex=True, squeeze=False
    )
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    for axes, n in zip(panels.flat, results["N"].values, strict=False):
        _panel(axes, results.sel({"N": n}))
        axes.set_title(f"N = {n:,}")
    for axes in panels.flat[max(0, count - columns) : count]:
        axes.set_xlabel("cosine")
        axes.tick_params(labelbottom=True)
    for axes in panels[:, 0]:
        axes.set_ylabel("share of noises\nin a bin")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    return figure


def _columns(count: int) -> int:
    """The most with which rows are even, if there are three or more; else as many as fit."""
    even = [columns for columns in range(3, COLUMNS + 1) if count % columns == 0]
    return even[-1] if even else min(count, COLUMNS)


def _panel(axes: Axes, cells: xr.Dataset) -> None:
    x = cells["similarity"].values
    edges = np.append(x, 2 * x[-1] - x[-2]) - (x[1] - x[0]) / 2
    for name, (label, colour, _) in SHOWN.items():
        axes.stairs(
            cells[name].values, edges, fill=True, color=colour, alpha=0.45, label=label
        )  # fmt: skip
        mean = float(cells[f"{name}_mean"].mean())
        axes.axvline(mean, color=colour, lw=1, label=f"mean {label}")
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_ylim(bottom=0)


def caption(results: xr.Dataset) -> str:
    """From which N on students are closer to each other than to their data, and both means."""
    between, nearest = (
        centre_and_error(results, f"{name}_mean", over) for name, (_, _, over) in SHOWN.items()
    )
    sizes = results["N"].values
    parts = [
        f"N = {sizes[at]:,} {quoted(*(one[at] for one in between))} and "
        f"{quoted(*(one[at] for one in nearest))}"
        for at in sorted({0, len(sizes) // 2, len(sizes) - 1})
    ]
    behind = (between[0] <= nearest[0]).values
    ahead = sizes[np.flatnonzero(behind).max(initial=-1) + 1 :]
    first = (
        f"From N = {ahead[0]:,} on students of disjoint data are closer to each other than to "
        "their data."
        if len(ahead)
        else "At no N are students of disjoint data closer to each other than to their data."
    )
    return (
        f"{first}\nStudents ({results.attrs['model']}) of training sets that share no image, from "
        "the same noises: distribution over noises of the cosine between two of them (blue), and "
        "of a sample to the most similar image of its own training set (red); lines are means. "
        f"Each panel has its own ordinate. Both means: {'; '.join(parts)}. ± are two standard "
        f"errors over {results.sizes['replicate']} replicates, or pairs of them. "
        f"{made_of(results)}"
    ).strip()
