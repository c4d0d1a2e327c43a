"""Similarity of students of disjoint data to each other and to their data (Kadkhodaie et al.)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN, VERMILION, centre_and_error, quoted

SHOWN = {
    "between": ("to each other", BLUE, "disjoint_pair"),
    "nearest": ("to the nearest training image", VERMILION, "replicate"),
}
"""What to call the cosines, their colour, and what their means are taken over."""


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
        for name, (label, colour, _) in SHOWN.items():
            share = results[name].sel({"N": n}).values
            axes.stairs(share, np.append(x, 2 * x[-1] - x[-2]) - (x[1] - x[0]) / 2, fill=True,
                        color=colour, alpha=0.45, label=label)  # fmt: skip
            axes.axvline(float(results[f"{name}_mean"].sel({"N": n}).mean()), color=colour, lw=1)
        axes.set_title(f"N = {n:,}")
        axes.set_yticks([])
    for axes in panels.flat[max(0, count - columns) : count]:
        axes.set_xlabel("cosine")
        axes.tick_params(labelbottom=True)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def caption(results: xr.Dataset) -> str:
    """Means at every N, and where they cross."""
    between, nearest = (
        centre_and_error(results, f"{name}_mean", over) for name, (_, _, over) in SHOWN.items()
    )
    parts = [
        f"{n:,}: {quoted(*(one[at] for one in between))} and "
        f"{quoted(*(one[at] for one in nearest))}"
        for at, n in enumerate(results["N"].values)
    ]
    behind = (between[0] <= nearest[0]).values
    ahead = results["N"].values[np.flatnonzero(behind).max(initial=-1) + 1 :]
    crossed = (
        f"From N = {ahead[0]:,} on students are closer to each other than to their data."
        if len(ahead)
        else "At no N are students closer to each other than to their data."
    )
    return (
        f"Students ({results.attrs['model']}) of training sets that share no image, from the same "
        "noises: distribution over noises of the cosine between two of them, and of a sample to "
        "the most similar image of its own training set; lines are means, heights those of each "
        "panel alone. N: both means. "
        f"{'; '.join(parts)}. {crossed} Errors are two standard errors over replicates or pairs."
    )
