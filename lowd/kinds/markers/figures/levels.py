"""Where over noise levels students memorise, and how they differ from memoriser and teacher."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lowd.figures.intervals import told_bands
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    ORANGE,
    band,
    centre_and_error,
    extremes,
    quoted,
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
    profile.set_title("(a)", loc="left")
    gap.set_title("(b)", loc="left")
    _rule(chosen, results)
    for axes, letter, kind, label in (
        (panels[1, 0], "d", "memory", "distance from $p_{emp}$"),
        (panels[1, 1], "e", "truth", "distance from the teacher"),
    ):
        _distances(axes, results, kind)
        axes.set_ylabel(label)
        axes.set_title(f"({letter})", loc="left")
    _beside_another(panels[1, 2], results)
    for axes in panels[1]:
        axes.set_xlabel("$\\log_2 N$")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    sizes = _shown(results)
    profile.legend(
        handles=[
            Line2D([], [], color=colour, label=str(n))
            for n, colour in zip(sizes, _colours(sizes), strict=True)
        ],
        title="$N$",
        fontsize=6,
        handlelength=1,
        loc="upper left",
    )
    handles = [
        *size_legend(results["parameters"].values.tolist()),
        Line2D([], [], color=GREY, label="training noise; own set"),
        Line2D([], [], color=GREY, ls="--", label="trajectory; another set"),
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=len(handles),
        fontsize=6,
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
    axes.set_title("(c)", loc="left")
    axes.legend(fontsize=6, handlelength=1, loc="lower left", bbox_to_anchor=(0, 0.08))


def _mean(results: xr.Dataset, name: str) -> xr.Dataset:
    """The mean over the band, with its error; levels share points, so errors do not average out."""
    return xr.Dataset(
        {
            each: results[each].where(results["band"]).mean("sigma", skipna=True)
            for each in (name, f"{name}_se")
        }
    )


def _distances(axes: Axes, results: xr.Dataset, kind: str) -> None:
    log2_n = np.log2(results["N"].values)
    for place, line in (("training", "-"), ("trajectory", "--")):
        name = f"{kind}_{place}"
        centre, error = centre_and_error(_mean(results, name), name, "replicate")
        for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
            band(axes, log2_n, centre[at], error[at], color=colour, ls=line, lw=1.0)
    axes.set_ylim(bottom=0)


def _beside_another(axes: Axes, results: xr.Dataset) -> None:
    """GL against the own training set and against another of the same size."""
    log2_n = np.log2(results["N"].values)
    for name, line in (("gl", "-"), ("gl_other", "--")):
        centre, error = centre_and_error(results, name, "replicate")
        for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
            band(axes, log2_n, centre[at], error[at], color=colour, ls=line, lw=1.0)
    axes.plot(log2_n, results["gl_teacher"].mean("replicate"), color=BLACK, ls=":", lw=0.9)
    axes.set_ylabel("GL")
    axes.set_title("(f)", loc="left")


def caption(results: xr.Dataset) -> str:
    """Where the largest model memorises, and how far from both it is."""
    largest, name = extremes(results)
    middle = largest.isel(N=largest.sizes["N"] // 2)
    n, last = int(middle["N"]), largest.isel(N=-1)
    sigma = results["sigma"].values
    centre, error = centre_and_error(middle, "s_level", "replicate")
    structure, half = (
        float(sigma[int(results[f"level_{each}"])]) for each in ("structure", "half")
    )
    distances = {
        each: _quoted(_mean(middle, each), each)
        for each in ("memory_training", "memory_trajectory", "truth_training", "truth_trajectory")
    }
    return (
        f"At N = {n} {name} has gone {quoted(centre[0], error[0])} of the way from teacher to "
        f"memoriser at σ = {sigma[0]:.2g}, and {quoted(centre[-1], error[-1])} at "
        f"σ = {sigma[-1]:.2g}. (a) The memorised fraction of denoised held-out points and (b) "
        "held-out less training error, a share of the data's variance, beyond the teacher's on the "
        "same points, both of the largest model. (c) What levels are chosen by, of the teacher "
        f"alone: dashed, σ = {structure:.2g}, where structure is read; dotted, σ = {half:.2g}, "
        "where half of the variance is lost; grey, the band of (d) and (e). Root mean square "
        "distance of denoised points (d) from the empirical denoiser's and (e) from the teacher's, "
        "in units of the data's spread, on noisy training points and on the student's own "
        f"trajectory: at N = {n} {distances['memory_training']} and "
        f"{distances['memory_trajectory']} from the former, {distances['truth_training']} and "
        f"{distances['truth_trajectory']} from the latter. (f) GL beside the own training set and "
        f"beside another of the same size, dotted the teacher's: at N = {int(last['N'])} "
        f"{_quoted(last, 'gl')} and {_quoted(last, 'gl_other')}. {told_bands(results)}"
    )


def _quoted(cell: xr.Dataset, name: str) -> str:
    centre, error = centre_and_error(cell, name, "replicate")
    return quoted(centre, error)
