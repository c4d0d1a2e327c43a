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
    ends,
    extremes,
    quoted,
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
    """Three kinds of RP with their chance levels, and GL with the teacher's own."""
    figure, panels = plt.subplots(2, 2, figsize=(2 * COLUMN, 3.9), sharex=True, sharey=True)
    x = np.log2(results["N"].values)
    parameters = results["parameters"].values.tolist()
    colours = size_colours(parameters)
    for axes, (name, (title, over)) in zip(panels.flat, PANELS.items(), strict=True):
        axes.set_title(title if name == "gl" else f"RP, {title}", loc="left")
        if name == "rp_same":
            _draw_same(axes, results, x)
            continue
        centre, error = centre_and_error(results, name, over)
        for model, colour in zip(results["model"].values, colours, strict=True):
            band(axes, x, centre.sel(model=model), error.sel(model=model), color=colour, marker="o")
        if name == "gl":
            band(axes, x, *centre_and_error(results, "gl_teacher", over), color=BLACK, ls="--")
        else:
            _draw_chance(axes, results, name, x)
    for axes in panels[1]:
        axes.set_xlabel("$\\log_2 N$")
    for axes in panels[:, 0]:
        axes.set_ylabel("probability")
    panels[0, 0].set_ylim(-0.03, 1.03)
    handles = [
        *size_legend(parameters),
        Line2D([], [], color=GREY, ls=":", label="chance (noises permuted)"),
        Line2D([], [], color=BLACK, ls="--", label="teacher's own GL"),
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
        band(axes, x, centre, error, color=colours[larger], marker="o")
    _draw_chance(axes, results, "rp_same", x)


def _draw_chance(axes: plt.Axes, results: xr.Dataset, name: str, x: np.ndarray) -> None:
    """The mean chance level of all models, with the noises' share of its error."""
    chance, error = results[f"{name}_chance"], results[f"{name}_chance_se"]
    over = [dim for dim in chance.dims if dim != "N"]
    band(axes, x, chance.mean(over), (error**2).mean(over) ** 0.5, color=GREY, ls=":")


def caption(results: xr.Dataset) -> str:
    """What the largest model does at the ends of the grid, with chance levels."""
    largest, name = extremes(results)
    shown = ends(results)
    parts = []
    for label, rule, over in (
        ("RP of disjoint sets", "rp_disjoint", "disjoint_pair"),
        ("RP with p_emp", "rp_emp", "replicate"),
        ("GL", "gl", "replicate"),
    ):
        centre, error = centre_and_error(largest, rule, over)
        numbers = [quoted(centre.values[i], error.values[i]) for i in shown]
        parts.append(f"{label} is {', then '.join(numbers)}")
    n = ", then ".join(str(results["N"].values[i]) for i in shown)
    teacher = results["gl_teacher"].mean("replicate").values
    own = ", then ".join(f"{teacher[i]:.2f}" for i in shown)
    chance = float(results["rp_disjoint_chance"].max())
    pair = (
        " RP of disjoint sets is of one pair, and its band the noises' error alone."
        if results.sizes["disjoint_pair"] == 1
        else ""
    )
    return (
        f"Reproducibility and generalisation against N. For {name}, at N = {n}: "
        f"{'; '.join(parts)}. The teacher's own GL is {own}: it falls with N because a larger "
        f"training set leaves less room within τ, not because models worsen.{_above(results)} "
        f"Chance level of RP of disjoint sets: at most {chance:.4f}. RP on the same set is "
        "between neighbouring sizes, in the colour of the larger. "
        f"{told_bands(results)}{pair} {yardstick(results)}"
    )


def _above(results: xr.Dataset) -> str:
    """How many sizes exceed the teacher's own GL at the largest N, by two standard errors."""
    last = results.isel(N=-1)
    (gl, error), (own, own_error) = (
        centre_and_error(last, name, "replicate") for name in ("gl", "gl_teacher")
    )
    above = int((gl - own > 2 * np.hypot(error, own_error)).sum())
    if not above:
        return ""
    return (
        f" It is no bound: at the largest N {above} of {gl.size} sizes exceed it, as students do "
        "whose samples lie off the teacher's."
    )
