"""Similarity of students of disjoint data to each other and to their data (Kadkhodaie et al.)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN, VERMILION, quoted

SHOWN = (
    ("between", "to each other", BLUE),
    ("nearest", "to the nearest training image", VERMILION),
)


def draw(results: xr.Dataset) -> Figure:
    """A panel an N."""
    count = results.sizes["N"]
    columns = min(count, 5)
    rows = -(-count // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(2 * COLUMN, 0.5 + 1.2 * rows), sharex=True, squeeze=False
    )
    x = results["similarity"].values
    for axes in panels.flat[count:]:
        axes.set_axis_off()
    for axes, n in zip(panels.flat, results["N"].values, strict=False):
        for name, label, colour in SHOWN:
            share = results[name].sel({"N": n}).values
            axes.stairs(share, np.append(x, 2 * x[-1] - x[-2]) - (x[1] - x[0]) / 2, fill=True,
                        color=colour, alpha=0.45, label=label)  # fmt: skip
            axes.axvline(float(results[f"{name}_mean"].sel({"N": n})), color=colour, lw=1)
        axes.set_title(f"N = {n:,}")
        axes.set_yticks([])
    for axes in panels[-1]:
        axes.set_xlabel("cosine")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def caption(results: xr.Dataset) -> str:
    """Means at every N, and where they cross."""
    parts = [
        f"{n:,}: {quoted(one['between_mean'], one['between_mean_se'])} and "
        f"{quoted(one['nearest_mean'], one['nearest_mean_se'])}"
        for n, one in ((n, results.sel({"N": n})) for n in results["N"].values)
    ]
    behind = (results["between_mean"] <= results["nearest_mean"]).values
    ahead = results["N"].values[np.flatnonzero(behind).max(initial=-1) + 1 :]
    crossed = (
        f"From N = {ahead[0]:,} on students are closer to each other than to their data."
        if len(ahead)
        else "At no N are students closer to each other than to their data."
    )
    return (
        f"Students ({results.attrs['model']}) of training sets that share no image, from the same "
        "noises: distribution over noises of the cosine between two of them, and of a sample to "
        f"the most similar image of its own training set; lines are means. N: both means. "
        f"{'; '.join(parts)}. {crossed} Errors are two standard errors over replicates or pairs."
    )
