"""Every cell in the plane of GL and RP: neither score alone can tell a good model."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, COLUMN, GREY, PURPLE, setting, size_colours, size_legend


def draw(results: xr.Dataset) -> Figure:
    """RP between disjoint training sets against GL; markers grow with N; controls are labelled."""
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2))
    parameters = results["parameters"].values.tolist()
    gl = results["gl"].mean("replicate")
    rp = results["rp_disjoint"].mean("disjoint_pair")
    gl_error = results["gl"].std("replicate")
    rp_error = results["rp_disjoint"].std("disjoint_pair")
    sizes = np.linspace(2, 6, results.sizes["N"])
    for index, colour in enumerate(size_colours(parameters)):
        axes.plot(gl[index], rp[index], color=colour, lw=0.8, alpha=0.6)
        for n, size in enumerate(sizes):
            axes.errorbar(
                gl[index, n],
                rp[index, n],
                xerr=gl_error[index, n],
                yerr=rp_error[index, n],
                fmt="o",
                ms=size,
                color=colour,
                elinewidth=0.5,
            )
    mark_controls(axes, results)
    axes.set_xlim(-0.05, 1.05)
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel("GL")
    axes.set_ylabel("RP, disjoint training sets")
    first = axes.legend(loc="upper left", title="controls")
    axes.add_artist(first)
    figure.legend(handles=size_legend(parameters), loc="outside lower center", ncols=4)
    return figure


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


def caption(results: xr.Dataset) -> str:
    """Where the controls lie, which neither score alone tells apart."""
    largest = results.isel(N=-1)
    gl = {name: float(largest[f"gl_{name}"].mean()) for name in ("noise", "teacher", "emp")}
    return (
        f"Every cell in the plane of GL and RP, markers growing with N; bars are one standard "
        f"deviation over replicates. At N = {results['N'].values[-1]} pure noise has GL "
        f"{gl['noise']:.2f} and RP {float(largest['rp_noise']):.2f}, the teacher GL "
        f"{gl['teacher']:.2f} and RP 1, the empirical distribution GL {gl['emp']:.2f} and RP "
        f"{float(largest['rp_disjoint_emp'].mean()):.2f}. {setting(results)}"
    )
