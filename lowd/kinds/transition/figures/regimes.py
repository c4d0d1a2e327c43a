"""The two regimes: reproducibility and generalisation against the size of the training set."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import told_bands
from lowd.figures.style import (
    BLACK,
    COLUMN,
    GREY,
    band,
    centre_and_error,
    extremes,
    made_of,
    samples_axis,
    size_colours,
    size_legend,
    yardstick,
)

PANELS = {
    "rp_same": ("same training set", "same_pair"),
    "rp_disjoint": ("disjoint training sets", "disjoint_pair"),
    "rp_emp": ("student and $p_{emp}$", "replicate"),
    "gl": ("GL", "replicate"),
}
SCORES = tuple(PANELS)
"""What it shows that a threshold decides."""


def draw(results: xr.Dataset) -> Figure:
    """Three kinds of RP with their chance levels, and GL with what to compare it with."""
    figure, panels = plt.subplots(2, 2, figsize=(2 * COLUMN, 4.1), sharex=True, sharey=True)
    samples = results["N"].values
    parameters = results["parameters"].values.tolist()
    colours = size_colours(parameters)
    for axes, (name, (title, over)) in zip(panels.flat, PANELS.items(), strict=True):
        axes.set_title(title if name == "gl" else f"RP, {title}", loc="left")
        if name == "rp_same":
            _draw_same(axes, results, samples)
            continue
        for index, colour in enumerate(colours):
            one = results.isel(model=index)
            curve = centre_and_error(one, name, over)
            band(axes, samples, *curve, share=True, color=colour, marker="o")
            if name == "gl" and "gl_other" in results:
                axes.plot(samples, one["gl_other"].mean("replicate"), color=colour, ls="--", lw=0.8)
        if name == "gl":
            own = centre_and_error(results, "gl_teacher", over)
            band(axes, samples, *own, share=True, color=BLACK, ls="-.")
        else:
            _draw_chance(axes, results, name, samples)
    for axes in panels[1]:
        samples_axis(axes, samples)
    for axes in panels[:, 0]:
        axes.set_ylabel("share of noises")
    panels[0, 0].set_ylim(-0.03, 1.03)
    handles = [
        *size_legend(parameters),
        Line2D([], [], color=GREY, ls=":", label="chance: noises permuted"),
        Line2D([], [], color=GREY, ls="--", label="GL, another training set"),
        Line2D([], [], color=BLACK, ls="-.", label="the teacher's own GL"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title="$|\\theta|$")
    return figure


def _draw_same(axes: plt.Axes, results: xr.Dataset, x: np.ndarray) -> None:
    """Pairs of neighbouring sizes, coloured as the larger of the two."""
    if "rp_same" not in results:
        axes.text(0.5, 0.5, "one model: no pair", ha="center", transform=axes.transAxes)
        return
    models = results["model"].values.tolist()
    order = np.argsort(results["parameters"].values)
    colours = size_colours(results["parameters"].values.tolist())
    pairs = {frozenset(pair.split("|")): pair for pair in results["same_pair"].values.tolist()}
    for smaller, larger in pairwise(order):
        pair = pairs[frozenset((models[smaller], models[larger]))]
        centre, error = centre_and_error(results.sel(same_pair=pair), "rp_same", "replicate")
        band(axes, x, centre, error, share=True, color=colours[larger], marker="o")
    _draw_chance(axes, results, "rp_same", x)


def _draw_chance(axes: plt.Axes, results: xr.Dataset, name: str, x: np.ndarray) -> None:
    """The mean chance level of all models, with the noises' share of its error."""
    chance, error = results[f"{name}_chance"], results[f"{name}_chance_se"]
    over = [dim for dim in chance.dims if dim != "N"]
    spread = (error**2).mean(over) ** 0.5
    band(axes, x, chance.mean(over), spread, share=True, color=GREY, ls=":")


def caption(results: xr.Dataset) -> str:
    """What the largest model does at the ends of the grid, and what each panel compares."""
    largest, name = extremes(results)
    first, last = (largest.isel(N=i) for i in (0, -1))
    headline = "; ".join(
        f"at N = {one['N'].item():,} RP on disjoint sets is {_mean(one, 'rp_disjoint')}, GL "
        f"{_mean(one, 'gl')}"
        for one in ((first, last) if results.sizes["N"] > 1 else (last,))
    )
    pair = (
        " One pair of replicates: its band has the noises' error alone."
        if results.sizes["disjoint_pair"] == 1
        else ""
    )
    chance = float(results["rp_disjoint_chance"].max())
    return (
        f"{name}: {headline}.\n(a) Neighbouring sizes on one training set, in the colour of the "
        f"larger. (b) One size on disjoint training sets; chance is at most {chance:.4f}. (c) A "
        "student and the empirical denoiser of its training set. (d) GL; dashed against a "
        f"training set that students have not seen.{_above(results)} {told_bands(results)}{pair} "
        f"{made_of(results)} {yardstick(results)}"
    )


def _mean(one: xr.Dataset, name: str) -> str:
    mean = float(one[name].mean())
    return "not measured" if np.isnan(mean) else f"{mean:.2f}"


def _above(results: xr.Dataset) -> str:
    """How many sizes exceed the teacher's own GL at the largest N, by two standard errors."""
    last = results.isel(N=-1)
    (gl, error), (own, own_error) = (
        centre_and_error(last, name, "replicate") for name in ("gl", "gl_teacher")
    )
    above = int((gl - own > 2 * np.hypot(error, own_error)).sum())
    if not above:
        return ""
    return f" The teacher's own GL is no bound: at the largest N {above} of {gl.size} exceed it."
