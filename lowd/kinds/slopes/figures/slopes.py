"""How far the slope of log N* on log|θ| depends on seed, training length and teacher."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.intervals import SIZES, has_interval, told_slope
from lowd.figures.rules import RULES
from lowd.figures.style import COLUMN, GREY, extremes, listed, made_of

SLOPE = "slope of $\\log N^\\ast$ on $\\log|\\theta|$"
FAINT = 0.35
"""How dark marks are of studies whose N* is no transition to generalisation."""


def draw(studies: dict[str, xr.Dataset]) -> Figure:
    """Slopes against training steps, of studies that differ in them; below a row a study."""
    trained, rows = by_steps(studies), _rows(studies)
    heights = [1.9] * bool(trained) + [0.45 + 0.32 * len(rows)]
    figure, panels = plt.subplots(
        len(heights), 1, figsize=(COLUMN, 0.5 + sum(heights)), height_ratios=heights, squeeze=False
    )
    if trained:
        _against_steps(panels[0, 0], trained)
    axes = panels[-1, 0]
    for place, results in enumerate(rows.values()):
        _row(axes, place, results, dark=not unlearnt(results))
    axes.set_yticks(range(len(rows)), list(rows))
    for label, colour, marker, _ in RULES.values():
        axes.plot([], [], marker, color=colour, label=label)
    axes.axvline(0.5, color=GREY, ls=":")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(SLOPE)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3, columnspacing=1,
                  handletextpad=0.3)  # fmt: skip
    return figure


def by_steps(studies: Mapping[str, xr.Dataset]) -> dict[int, xr.Dataset]:
    """The first study and those of other training steps, by their steps; nothing if none differ."""
    trained: dict[int, xr.Dataset] = {}
    for one in studies.values():
        if "steps" in one.attrs:
            trained.setdefault(int(one.attrs["steps"]), one)
    return dict(sorted(trained.items())) if len(trained) > 1 else {}


def _rows(studies: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Studies of as many steps as the first."""
    first = next(iter(studies.values())).attrs.get("steps")
    return {name: one for name, one in studies.items() if one.attrs.get("steps") == first}


def _slope(results: xr.Dataset, rule: str) -> tuple[float, np.ndarray]:
    """A slope, and how far its interval reaches either way, (end, 1): NaN if it has none."""
    slope, low, high = (float(results[f"slope_{rule}{end}"]) for end in ("", "_low", "_high"))
    reach = np.clip([[slope - low], [high - slope]], 0, None)
    return slope, reach if has_interval(results, rule) else np.full((2, 1), np.nan)


def _against_steps(axes: Axes, trained: Mapping[int, xr.Dataset]) -> None:
    for rule, (_, colour, marker, offset) in RULES.items():
        slopes, reaches = zip(*(_slope(one, rule) for one in trained.values()), strict=True)
        x = np.array(list(trained)) * 2 ** (offset / 2)
        axes.errorbar(x, slopes, yerr=np.hstack(reaches), color=colour, marker=marker, elinewidth=1)
    axes.axhline(0.5, color=GREY, ls=":")
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(trained), [f"{steps:,}" for steps in trained])
    axes.minorticks_off()
    axes.set_xlabel("training steps")
    axes.set_ylabel(SLOPE)


def _row(axes: Axes, place: int, results: xr.Dataset, dark: bool) -> None:
    for rule, (_, colour, marker, offset) in RULES.items():
        slope, reach = _slope(results, rule)
        axes.errorbar(
            [slope], [place + 2 * offset], xerr=reach, fmt=marker, color=colour, elinewidth=1,
            alpha=1 if dark else FAINT,
        )  # fmt: skip


def caption(studies: dict[str, xr.Dataset]) -> str:
    """The slope of the rule E_gen = E_mem over steps, and in studies of the same steps."""
    trained, rows = by_steps(studies), _rows(studies)
    values = [float(one["slope_e"]) for one in rows.values()]
    finite = [value for value in values if np.isfinite(value)]
    spread = f"between {min(finite):.2f} and {max(finite):.2f}" if finite else "not measured"
    first = f"By E_gen = E_mem the slope of log N* on log|θ| is {spread} in {len(rows)} studies."
    panels = f"A row a study: {_told(rows)}."
    if trained:
        ends = list(trained)
        low, high = (float(trained[end]["slope_e"]) for end in (ends[0], ends[-1]))
        first = (
            f"By E_gen = E_mem the slope of log N* on log|θ| is {low:.2f} after {ends[0]:,} steps "
            f"and {high:.2f} after {ends[-1]:,}."
        )
        panels = (
            "(a) The first study, and those of other training steps. (b) Studies of the same "
            f"steps, a row each: {_told(rows)}."
        )
    faint = [name for name, one in studies.items() if unlearnt(one)]
    return " ".join(
        part
        for part in (
            f"{first}\n{panels}",
            f"Bars, of at least {SIZES} sizes, are 95 % bootstrap intervals over models and "
            "replicates; dotted, ½. Slopes are those of these networks, steps and learning rate.",
            f"Faint: in {listed(faint)} even the largest network never comes nearer to the "
            "teacher than memorising the largest training set would: its N* is no transition to "
            "generalisation."
            if faint
            else "",
            "" if trained else made_of(next(iter(studies.values()))),
        )
        if part
    )


def _told(rows: Mapping[str, xr.Dataset]) -> str:
    return "; ".join(
        f"{name} {told_slope(one, 'e').removeprefix('slope ')}" for name, one in rows.items()
    )


def unlearnt(results: xr.Dataset) -> bool:
    """Whether the largest model never comes nearer to the teacher than pure memorisation does."""
    largest, _ = extremes(results)
    least = float(largest["e_gen"].mean("replicate").min())
    return least >= float(largest["e_emp"].mean("replicate").isel(N=-1))
