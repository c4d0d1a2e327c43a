"""Every cell in the plane of GL and RP: neither score alone can tell a good model."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.controls import mark_controls
from lowd.figures.style import COLUMN, made_of, size_colours, size_legend, yardstick

SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""
TICKS = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)


def draw(results: xr.Dataset) -> Figure:
    """RP between disjoint training sets against GL; markers grow with N; controls are labelled.

    A point is a cell; its RP is the mean over the pairs it is in. Lines join means.
    """
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2))
    parameters = results["parameters"].values.tolist()
    gl = results["gl"].transpose("model", "N", "replicate").values
    rp = reproducibility_of_cells(results).transpose("model", "N", "replicate").values
    sizes = np.linspace(4, 34, results.sizes["N"])
    for index, colour in enumerate(size_colours(parameters)):
        axes.plot(gl[index].mean(1), rp[index].mean(1), color=colour, lw=0.8, alpha=0.5)
        for replicate in range(gl.shape[2]):
            axes.scatter(
                gl[index, :, replicate],
                rp[index, :, replicate],
                s=sizes,
                color=colour,
                alpha=0.7,
                lw=0,
                zorder=3,
            )
    mark_controls(axes, results)
    for name in ("x", "y"):
        # Equal steps are equal numbers of standard errors: most cells lie near 0 or 1.
        getattr(axes, f"set_{name}scale")("function", functions=(_angle, _share))
        getattr(axes, f"set_{name}lim")(0, 1)
        getattr(axes, f"set_{name}ticks")(TICKS, [f"{tick:g}" for tick in TICKS])
    for drawn in (*axes.lines, *axes.collections):
        drawn.set_clip_on(False)
    axes.set_xlabel("GL")
    axes.set_ylabel("RP, disjoint training sets")
    first = axes.legend(loc="upper left", title="controls")
    axes.add_artist(first)
    handles = size_legend(parameters)
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title="$|\\theta|$")
    return figure


def _angle(share: np.ndarray) -> np.ndarray:
    return np.arcsin(np.sqrt(np.clip(share, 0, 1)))


def _share(angle: np.ndarray) -> np.ndarray:
    return np.sin(np.clip(angle, 0, np.pi / 2)) ** 2


def reproducibility_of_cells(results: xr.Dataset) -> xr.DataArray:
    """rp_disjoint of each replicate: the mean over the pairs it is in."""
    pairs = [pair.split("|") for pair in results["disjoint_pair"].values.tolist()]
    return xr.concat(
        [
            results["rp_disjoint"]
            .isel(disjoint_pair=[str(replicate) in pair for pair in pairs])
            .mean("disjoint_pair")
            for replicate in results["replicate"].values
        ],
        results["replicate"],
    )


def caption(results: xr.Dataset) -> str:
    """Where the controls lie, which neither score alone tells apart."""
    largest = results.isel(N=-1)
    gl = {name: float(largest[f"gl_{name}"].mean()) for name in ("noise", "teacher", "emp")}
    return (
        "Neither score alone tells a good model: pure noise has GL "
        f"{gl['noise']:.2f}, perfect memorisation GL {gl['emp']:.2f}, the teacher "
        f"{gl['teacher']:.2f} at N = {results['N'].values[-1]:,}.\nEvery student in the plane of "
        "GL and RP; markers grow with N, lines join means over replicates. The RP of a student is "
        "the mean over the pairs of replicates that it is in. Axes are even in arcsin √p. "
        f"{made_of(results)} {yardstick(results)}"
    )
