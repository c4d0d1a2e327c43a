"""Rank of denoisers' Jacobians over the signal-to-noise ratio, beside the theory."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, GREY, listed, made_of, size_colours

ACROSS = 4
"""Panels a row, at most."""


def draw(results: xr.Dataset) -> Figure:
    """A panel a study and model: students coloured by N, the teacher of the study in black."""
    shown = _panels(results)
    columns = min(ACROSS, len(shown))
    rows = -(-len(shown) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(2 * COLUMN, 0.7 + 1.75 * rows), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    sizes = sorted({int(n) for n in results["N"].values if n})
    colours = dict(zip(sizes, size_colours(sizes), strict=True))
    for axes, (study, model) in zip(panels.flat, shown, strict=False):
        cells = results.isel(denoiser=(results["study"] == study).values)
        _panel(axes, cells, model, colours)
        axes.set_title(f"{_said(cells, study)}, {model}", loc="left", fontsize=7)
    for axes in panels.flat[len(shown) :]:
        axes.set_visible(False)
    for axes in panels.flat[max(0, len(shown) - columns) : len(shown)]:
        axes.set_xlabel("$1/\\sigma$")
        axes.tick_params(labelbottom=True)
    for axes in panels[:, 0]:
        axes.set_ylabel("rank$_{.99}$ / dimension")
    panels[0, 0].set_xscale("log")
    panels[0, 0].set_ylim(0, 1.04)
    handles = [
        Line2D([], [], color=BLACK, lw=1.8, label="teacher"),
        *[Line2D([], [], color=colour, label=f"$N$ = {n:,}") for n, colour in colours.items()],
        Line2D([], [], color=GREY, ls=(0, (1, 1)), label="theory: $r/d$, $Kr/d$"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles),
                  handlelength=1.4, columnspacing=1.2)  # fmt: skip
    return figure


def _panels(results: xr.Dataset) -> list[tuple[str, str]]:
    """Studies and their students' models, in order."""
    each = zip(results["study"].values.tolist(), results["model"].values.tolist(), strict=True)
    return [(study, model) for study, model in dict.fromkeys(each) if model != "teacher"]


def _said(cells: xr.Dataset, study: str) -> str:
    """What the data are: clusters and rank where they are known, else the study's name."""
    lower, upper = float(cells["lower"][0]), float(cells["upper"][0])
    return f"$K={upper / lower:.0f}$" if np.isfinite(lower) else study


def _panel(
    axes: Axes, cells: xr.Dataset, model: str, colours: dict[int, tuple[float, float, float, float]]
) -> None:
    for index in np.flatnonzero(np.isin(cells["model"].values, ["teacher", model])):
        one = cells.isel(denoiser=int(index))
        n = int(one["N"])
        axes.errorbar(
            1 / one["sigma"].values, one["rank"], yerr=2 * one["rank_se"], elinewidth=0.6,
            color=colours[n] if n else BLACK, lw=1.0 if n else 1.8, zorder=2 if n else 3,
        )  # fmt: skip
    for level in {float(cells["lower"][0]), float(cells["upper"][0])}:
        if np.isfinite(level):
            axes.axhline(level, color=GREY, ls=(0, (1, 1)), lw=0.9)


def caption(results: xr.Dataset) -> str:
    """The least rank of teachers and of students of the most data, and the rank at low noise."""
    low = float(results["sigma"].min())
    students = [_largest(results, study, model) for study, model in _panels(results)]
    at_low = [float(one["rank"].sel(sigma=low)) for one in students]
    told = []
    for study in dict.fromkeys(results["study"].values.tolist()):
        cells = results.isel(denoiser=(results["study"] == study).values)
        each = [
            f"{one['model'].item()} {_least(one)}"
            for one in (
                *[cells.isel(denoiser=i) for i in np.flatnonzero(cells["N"].values == 0)],
                *[one for one in students if one["study"].item() == study],
            )
        ]
        told.append(f"{_said(cells, study).replace('$', '')}: {listed(each)}")
    return (
        f"Students of the most data keep {min(at_low):.0%} to {max(at_low):.0%} of all directions "
        f"at σ = {low:g}, whatever the teacher keeps.\nShare of directions that a denoiser's "
        "Jacobian keeps, rank_.99 over the dimension, against 1/σ: a panel a study and network, "
        "the study's teacher in each. Dotted: r/d and K·r/d, which theory predicts at low and at "
        f"high noise. The least over σ, of students of the most data, is {'; '.join(told)}. Means "
        f"over points of the pool; bars are two standard errors. {made_of(results)}"
    ).strip()


def _largest(results: xr.Dataset, study: str, model: str) -> xr.Dataset:
    """The student of the most data."""
    own = (results["study"] == study) & (results["model"] == model)
    cells = results.isel(denoiser=own.values)
    return cells.isel(denoiser=int(cells["N"].argmax("denoiser")))


def _least(one: xr.Dataset) -> str:
    at = one.isel(sigma=int(one["rank"].argmin("sigma")))
    return f"{float(at['rank']):.2f}"
