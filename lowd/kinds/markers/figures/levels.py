"""Where over noise levels students memorise, and how they differ from memoriser and teacher."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import covered
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    ORANGE,
    band,
    centre_and_error,
    extremes,
    made_of,
    quoted,
    samples_axis,
    size_colours,
    size_legend,
)

SHOWN = 5
"""Curves of N at most."""


def draw(results: xr.Dataset) -> Figure:
    """Profiles of the largest model and the teacher; distances and GL of all over N."""
    figure, panels = plt.subplots(2, 3, figsize=(2 * COLUMN, 4.4))
    profile, gap, chosen = panels[0]
    largest, _ = extremes(results)
    for axes, marker, label in (
        (profile, "s_level", "memorised fraction $s(\\sigma)$"),
        (gap, "gap_level", "denoising gap"),
    ):
        _over_sigma(axes, largest, marker)
        axes.set_ylabel(label)
    profile.axhline(0.5, color=GREY, ls=":", lw=0.8)
    _rule(chosen, results)
    for axes, kind, label in (
        (panels[1, 0], "memory", "distance from $p_{emp}$,\nin units of the data's spread"),
        (panels[1, 1], "truth", "distance from the teacher,\nin units of the data's spread"),
    ):
        _distances(axes, results, kind)
        axes.set_ylabel(label)
    _beside_another(panels[1, 2], results)
    for axes in panels[1]:
        samples_axis(axes, results["N"].values)
    sizes = _shown(results)
    profile.legend(
        handles=[
            Line2D([], [], color=colour, label=f"{n:,}")
            for n, colour in zip(sizes, _colours(sizes), strict=True)
        ],
        title="$N$",
        fontsize=6.5,
        handlelength=1,
        loc="upper left",
    )
    handles = [
        *size_legend(results["parameters"].values.tolist()),
        Line2D([], [], color=GREY, label="noisy training points (d, e); own set (f)"),
        Line2D([], [], color=GREY, ls="--", label="own trajectory (d, e); another set (f)"),
        Line2D([], [], color=BLACK, ls=":", label="teacher's own GL (f)"),
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=4,
        fontsize=6.5,
        title="$|\\theta|$",
    )
    return figure


def _shown(results: xr.Dataset) -> list[int]:
    sizes = results["N"].values.tolist()
    places = np.unique(np.linspace(0, len(sizes) - 1, min(SHOWN, len(sizes))).round().astype(int))
    return [sizes[place] for place in places]


def _colours(sizes: list[int]) -> list[tuple[float, float, float, float]]:
    """Of N: another scale than that of |θ|."""
    return [
        mpl.colormaps["plasma_r"](0.15 + 0.8 * at / max(1, len(sizes) - 1))
        for at in range(len(sizes))
    ]


def _over_sigma(axes: Axes, largest: xr.Dataset, marker: str) -> None:
    sizes = _shown(largest)
    centre, error = centre_and_error(largest, marker, "replicate")
    for n, colour in zip(sizes, _colours(sizes), strict=True):
        band(axes, largest["sigma"].values, centre.sel(N=n), error.sel(N=n), color=colour, lw=1.1)
    axes.set_xscale("log")
    axes.set_xlabel("$\\sigma$")


def _rule(axes: Axes, results: xr.Dataset) -> None:
    """What the teacher says of the levels, and those chosen."""
    sigma = results["sigma"].values
    top = float(results["dimension"].max())
    axes.plot(sigma, results["dimension"] / top, color=BLUE, label=f"LID/{top:.0f}")
    axes.plot(sigma, results["error"], color=ORANGE, label="error")
    inside = sigma[results["band"].values]
    axes.axvspan(inside.min(), inside.max(), color=GREY, alpha=0.12, lw=0)
    for level, line in (("structure", "--"), ("half", ":")):
        axes.axvline(sigma[int(results[f"level_{level}"])], color=BLACK, ls=line, lw=0.9)
    axes.set_xscale("log")
    axes.set_xlabel("$\\sigma$")
    axes.set_ylabel("teacher: LID, error")
    axes.set_ylim(0, 1.12)
    axes.legend(fontsize=6.5, handlelength=1, loc="lower left", bbox_to_anchor=(0, 0.08))


def _mean(results: xr.Dataset, name: str) -> xr.Dataset:
    """The mean over the band, with its error; levels share points, so errors do not average out."""
    return xr.Dataset(
        {
            each: results[each].where(results["band"]).mean("sigma", skipna=True)
            for each in (name, f"{name}_se")
        }
    )


def _distances(axes: Axes, results: xr.Dataset, kind: str) -> None:
    samples = results["N"].values
    for place, line in (("training", "-"), ("trajectory", "--")):
        name = f"{kind}_{place}"
        centre, error = centre_and_error(_mean(results, name), name, "replicate")
        for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
            band(axes, samples, centre[at], error[at], color=colour, ls=line, lw=1.0)
    axes.set_ylim(bottom=0)


def _beside_another(axes: Axes, results: xr.Dataset) -> None:
    """GL against the own training set and against another of the same size."""
    samples = results["N"].values
    for name, line in (("gl", "-"), ("gl_other", "--")):
        centre, error = centre_and_error(results, name, "replicate")
        for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
            look = {"color": colour, "ls": line, "lw": 1.0}
            band(axes, samples, centre[at], error[at], share=True, **look)
    axes.plot(samples, results["gl_teacher"].mean("replicate"), color=BLACK, ls=":", lw=0.9)
    axes.set_ylabel("GL")


def caption(results: xr.Dataset) -> str:
    """Where the largest model memorises, and how far from both it is."""
    largest, name = extremes(results)
    middle = largest.isel(N=largest.sizes["N"] // 2)
    n, last = int(middle["N"]), largest.isel(N=-1)
    sigma, count = results["sigma"].values, results.sizes["replicate"]
    centre, error = centre_and_error(middle, "s_level", "replicate")
    structure, half = (
        float(sigma[int(results[f"level_{each}"])]) for each in ("structure", "half")
    )
    distances = {
        each: _quoted(_mean(middle, each), each)
        for each in ("memory_trajectory", "truth_trajectory")
    }
    return (
        f"At N = {n:,} the memorised fraction of {name} is {quoted(centre[0], error[0])} at "
        f"σ = {sigma[0]:.2g} and {quoted(centre[-1], error[-1])} at σ = {sigma[-1]:.2g}.\n"
        "(a) That of denoised held-out points, 1 being the memoriser; (b) held-out less "
        "training error, in units of the data's variance, beyond the teacher's. (c) What levels "
        f"are chosen by: structure (dashed, σ = {structure:.2g}), half of the variance lost "
        f"(dotted, σ = {half:.2g}), the band of (d, e) (grey). RMS distance of "
        f"denoised points from (d) memoriser and (e) teacher; on own trajectories at N = {n:,} "
        f"{distances['memory_trajectory']} and {distances['truth_trajectory']}. (f) GL; at N = "
        f"{int(last['N']):,} {_quoted(last, 'gl')}, beside another set "
        f"{_quoted(last, 'gl_other')}. Means over {count} replicates; bands and ± are two standard "
        f"errors ({covered(count):.0%}). {made_of(results)}"
    ).strip()


def _quoted(cell: xr.Dataset, name: str) -> str:
    centre, error = centre_and_error(cell, name, "replicate")
    return quoted(centre, error)
