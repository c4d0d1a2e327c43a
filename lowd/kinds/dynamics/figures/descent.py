"""Whether E_gen falls, rises and falls again along training, and where the rise is."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from scipy import stats

from lowd.figures.intervals import covered
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    centre_and_error,
    listed,
    made_of,
    mean_and_error,
    quoted,
    short_count,
)

LINES = ("-", ":", "--", "-.")
LEVEL = 0.05
"""How often a rise or a fall that is chance passes for more."""
COLOURS = {
    "e_gen": ("$\\mathcal{E}_{gen}$", BLUE),
    "e_gen_direction": ("of directions", PURPLE),
    "e_gen_inside": ("inside the subspace", ORANGE),
    "e_gen_outside": ("outside", GREEN),
    "gain": ("gain inside", VERMILION),
    "loss_held_out": ("held-out loss", BLACK),
}
PANELS = {
    ("e_gen",): "PFD",
    ("e_gen_direction",): "PFD of\ndirections",
    ("e_gen_inside", "e_gen_outside"): "PFD, its\nparts",
    ("gain",): "gain",
    ("loss_held_out",): "held-out loss,\nEDM weights",
}
"""What is drawn together, and its axis; of directions and parts where there are any."""


class Told(NamedTuple):
    """Rise and fall of one model at one N, and the steps that most are taken at."""

    rise: tuple[float, float]
    fall: tuple[float, float]
    turns: tuple[int, int, int]
    is_told: bool


def draw(results: xr.Dataset) -> Figure:
    """A column an N, sizes by line style; triangles where a rise and a fall are told."""
    rows = {names: label for names, label in PANELS.items() if names[0] in results}
    count = results.sizes["N"]
    size = (2 * COLUMN, 1 + 1.25 * len(rows))
    figure, panels = plt.subplots(len(rows), count, figsize=size, sharex=True, squeeze=False)
    order = np.argsort(results["parameters"].values).tolist()
    styles = dict(zip(order[::-1], LINES * len(order), strict=False))
    for column, n in zip(panels.T, results["N"].values, strict=True):
        cells = results.sel({"N": n})
        for index, style in styles.items():
            for axes, names in zip(column, rows, strict=True):
                _curves(axes, cells.isel(model=index), names, style)
            _turns(column[0], cells.isel(model=index))
        column[0].set_title(f"N = {n:,}")
        column[-1].set_xlabel("training step")
        column[-1].set_xscale("log")
        column[-1].xaxis.set_minor_formatter(NullFormatter())
    for row, (names, label) in zip(panels, rows.items(), strict=True):
        row[0].set_ylabel(label)
        for axes in row:
            _scale(axes, names)
    figure.legend(handles=_legend(results, styles), loc="outside lower center", ncols=4)
    return figure


def _curves(axes: Axes, one: xr.Dataset, names: tuple[str, ...], style: str) -> None:
    for name in names:
        if name == "loss_held_out":
            values = one[name].mean("sigma")
            centre, error = mean_and_error(values, 0 * values, "replicate")
        else:
            centre, error = centre_and_error(one, name, "replicate")
        colour = COLOURS[name][1]
        band(axes, one["step"].values, centre, error, color=colour, ls=style, lw=1.2)


def _scale(axes: Axes, names: tuple[str, ...]) -> None:
    """The first error, of students that have learned nothing, would flatten all the others."""
    if len(names) > 1 or names[0] == "loss_held_out":
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
        return
    drawn = np.concatenate([np.asarray(line.get_ydata(), float)[1:] for line in axes.lines])
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) and np.ptp(drawn) > 0:
        low, high = drawn.min(), drawn.max()
        axes.set_ylim(low - 0.08 * (high - low), high + 0.2 * (high - low))


def _turns(axes: Axes, one: xr.Dataset) -> None:
    told = _told(one)
    if not told.is_told:
        return
    mean = one["e_gen"].mean("replicate")
    for step, marker in zip(told.turns, ("^", "v", "^"), strict=True):
        y = float(mean.sel(step=step))
        axes.plot(step, y, marker=marker, ms=6, color=BLUE, mec="white", mew=0.6, zorder=5)


def _told(one: xr.Dataset, of: str = "") -> Told:
    rise, fall = (_change(one, f"{name}{of}") for name in ("rise", "fall"))
    quantile = stats.t.ppf(1 - LEVEL / 2, one.sizes["replicate"] - 1)
    places = one[f"turn_step{of}"].values.reshape(-1, 3)
    # The steps of most folds: others of the same rise are about as good.
    rows, counts = np.unique(places[(places > 0).all(axis=1)], axis=0, return_counts=True)
    turns = tuple(rows[counts.argmax()].tolist()) if len(rows) else (0, 0, 0)
    is_told = all(change > quantile * error for change, error in (rise, fall))
    return Told(rise, fall, turns, is_told)


def _change(one: xr.Dataset, name: str) -> tuple[float, float]:
    centre, error = centre_and_error(one, name, "replicate")
    return float(centre), float(error)


def _legend(results: xr.Dataset, styles: dict[int, str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, label=label)
        for name, (label, colour) in COLOURS.items()
        if name in results
    ]
    counts = [short_count(int(count)) for count in results["parameters"].values]
    handles += [
        Line2D([], [], color=BLACK, ls=style, label=f"$|\\theta|$ = {counts[index]}")
        for index, style in styles.items()
    ]
    return [*handles, Line2D([], [], color=BLUE, ls="", marker="v", label="peak, between lows")]


def caption(results: xr.Dataset) -> str:
    """The largest rise that is told from chance, what it is of, and what does not show it."""
    found = [
        (told.rise[0], f"{model}, N = {n:,}", results.sel({"N": n, "model": model}), told)
        for model in results["model"].values
        for n in results["N"].values
        if (told := _told(results.sel({"N": n, "model": model}))).is_told
    ]
    replicates = results.sizes["replicate"]
    if found:
        _, name, one, told = max(found, key=lambda each: each[0])
        low, peak, last = told.turns
        head = (
            f"E_gen descends twice: of {name} it rises by {quoted(*told.rise)} from step {low:,} "
            f"to {peak:,} and falls by {quoted(*told.fall)} up to {last:,}."
        )
        cells = results.sizes["model"] * results.sizes["N"]
        detail = f"Told from 0 (t, {LEVEL:.0%}) in {len(found)} of {cells} cells. "
        detail += _beside(one, told)
    else:
        head = "Nowhere does E_gen rise and fall again by more than chance gives."
        detail = f"Told by Student's t at {LEVEL:.0%}."
    return f"{head}\n" + " ".join(
        part
        for part in (
            detail,
            "Turning points (triangles) are those of other replicates on other noises: a rise by "
            "chance is 0 on average. Squares of both parts add up to that of E_gen; the gain is "
            "the slope of samples against the teacher's.",
            f"Means over {replicates} replicates; bands and ± are two standard errors, which "
            f"cover {covered(replicates):.0%}.",
            made_of(results),
        )
        if part
    )


def _beside(one: xr.Dataset, told: Told) -> str:
    """What other curves do between the first low and the peak."""
    low, peak, _ = told.turns
    loss = one["loss_held_out"].mean(("sigma", "replicate"))
    parts = [f"held-out loss goes from {float(loss.sel(step=low)):.2f} to "
             f"{float(loss.sel(step=peak)):.2f}"]  # fmt: skip
    if "gain" in one:
        gain = one["gain"].mean("replicate")
        parts.append(f"the gain from {float(gain.sel(step=low)):.2f} to "
                     f"{float(gain.sel(step=peak)):.2f}")  # fmt: skip
    if "rise_direction" in one:
        parts.append(f"directions alone rise by {quoted(*_told(one, '_direction').rise)}")
    return f"Meanwhile {listed(parts)}."
