"""Memorisation m, convergence q and recovery Q against N/d, and where each crosses."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import told_bands
from lowd.figures.style import (
    BLACK,
    COLUMN,
    GREY,
    band,
    centre_and_error,
    made_of,
    short_count,
    size_colours,
)
from lowd.kinds.recovery.settings import LINEAR
from lowd.metrics.transition import CENSORED

MARKERS = "osD^vPX"
OVER = {"convergence": "disjoint_pair"}
"""What scores are means over, if not over replicates."""
TICKS = 5
"""Numbers on an axis of N/d, about."""
MOST = 3
"""Students whose intervals a caption has room for."""


def draw(results: xr.Dataset) -> Figure:
    """Curves of every student; of the first and the last leading direction by itself; N*/d."""
    figure, panels = plt.subplots(2, 3, figsize=(2 * COLUMN, 4.4))
    memory, alike, known = panels[0]
    for axes, score in zip(panels[0], ("memorisation", "convergence", "recovery"), strict=True):
        _curves(axes, results, score)
    load = _load(results)
    for model, (colour, _) in zip(results["model"].values, _looks(results), strict=True):
        unseen = results["memorisation_other"].sel(model=model).mean("replicate")
        memory.plot(load, unseen, color=colour, ls=":", lw=0.8)
    for axes, score in ((memory, "memorisation"), (alike, "convergence")):
        over = OVER.get(score, "replicate")
        axes.plot(load, results[f"{score}_emp"].mean(over), color=GREY, ls="-.", lw=1)
    alike.plot(load, results["convergence_theory"], color=BLACK, ls="--", lw=0.8)
    known.plot(load, results["recovery_theory"].mean("direction"), color=BLACK, ls="--", lw=0.8)
    known.axhline(_chance(results), color=BLACK, ls=":", lw=0.8)
    memory.set_ylabel("memorisation $m$")
    alike.set_ylabel("convergence $q$")
    known.set_ylabel(f"recovery $Q$, {results.sizes['direction']} directions")
    for axes, direction in zip(panels[1, :2], _shown(results), strict=True):
        _direction(axes, results, direction)
    _thresholds(panels[1, 2], results)
    for axes in panels.flat[:5]:
        axes.set_ylim(-0.03, 1.03)
        _load_axis(axes, load, "$N/d$")
    figure.legend(handles=_legend(results), loc="outside lower center", ncols=4)
    return figure


def _load(results: xr.Dataset) -> np.ndarray:
    return np.asarray(results["N"].values / results.attrs["dimension"])


def _chance(results: xr.Dataset) -> float:
    """Q of directions at random."""
    return results.sizes["direction"] / int(results.attrs["dimension"])


def _load_axis(axes: Axes, load: np.ndarray, label: str) -> None:
    """A horizontal axis of N/d by powers of 2, with fractions as such."""
    axes.set_xscale("log", base=2)
    low, high = np.floor(np.log2(load[0])), np.ceil(np.log2(load[-1]))
    powers = np.arange(low, high + 1, max(1, round((high - low) / TICKS)))
    words = [f"{2**p:,.0f}" if p >= 0 else f"1/{2**-p:.0f}" for p in powers]
    axes.set_xticks(2.0**powers, words)
    axes.minorticks_off()
    axes.set_xlabel(label)


def _looks(results: xr.Dataset) -> list[tuple[Any, str]]:
    """A colour and a marker for each student; the linear one is black."""
    networks = [name != LINEAR for name in results["model"].values]
    colours = iter(size_colours(results["parameters"].values[networks].tolist()))
    return [
        (next(colours) if is_network else BLACK, MARKERS[at % len(MARKERS)])
        for at, is_network in enumerate(networks)
    ]


def _curves(axes: Axes, results: xr.Dataset, score: str) -> None:
    over = OVER.get(score, "replicate")
    for model, (colour, marker) in zip(results["model"].values, _looks(results), strict=True):
        centre, error = centre_and_error(results.sel(model=model), score, over)
        share = score not in OVER  # an overlap of two students may be negative
        band(axes, _load(results), centre, error, share=share, color=colour, marker=marker)


def _shown(results: xr.Dataset) -> list[int]:
    """The first and the last leading direction."""
    return [1, results.sizes["direction"]]


def _direction(axes: Axes, results: xr.Dataset, direction: int) -> None:
    """One leading direction, with what is expected of it and from which N on."""
    one = results.sel(direction=direction)
    _curves(axes, one, "direction_recovery")
    load, onset = _load(results), float(one["onset"]) / results.attrs["dimension"]
    axes.plot(load, one["recovery_theory"], color=BLACK, ls="--", lw=0.8)
    axes.axhline(_chance(results), color=BLACK, ls=":", lw=0.8)
    if load[0] <= onset <= load[-1]:
        axes.axvline(onset, color=GREY, lw=0.8)
    axes.set_ylabel(f"$Q_{{{direction}}}$, variance {float(one['variance']):.3g}")


def _thresholds(axes: Axes, results: xr.Dataset) -> None:
    """N*/d of each overlap, a row each, with intervals; an open arrow where it is outside."""
    rows = _rules(results)
    load, dimension = _load(results), results.attrs["dimension"]
    looks = _looks(results)
    for row, (rule, at) in enumerate(rows.values()):
        for place, (colour, marker) in enumerate(looks):
            one = results.isel(model=place).sel(at)
            y = row + 0.5 * ((place + 0.5) / len(looks) - 0.5)
            side = int(one[f"censored_{rule}"])
            if side in (CENSORED["below"], CENSORED["above"]):
                arrow, x = ("<", load[0]) if side < 0 else (">", load[-1])
                axes.plot(x, y, arrow, mfc="none", mec=colour, ms=4)
                continue
            points = [2 ** float(one[f"log2_n_{rule}{end}"]) for end in ("", "_low", "_high")]
            middle, low, high = np.array(points) / dimension
            bar = [[middle - low], [high - middle]] if np.isfinite([low, high]).all() else None
            axes.errorbar(middle, y, xerr=bar, fmt=marker, color=colour, ms=3, elinewidth=1)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    _load_axis(axes, load, "$N^*/d$")
    axes.set_xlim(load[0] / 1.4, load[-1] * 1.4)


def _rules(results: xr.Dataset) -> dict[str, tuple[str, dict[str, int]]]:
    """What the rows of thresholds are called, and where their numbers stand."""
    rows: dict[str, tuple[str, dict[str, int]]] = {
        "$m$": ("memorisation", {}),
        "$q$": ("convergence", {}),
        "$Q$": ("recovery", {}),
    }
    for direction in dict.fromkeys(_shown(results)):
        rows[f"$Q_{{{direction}}}$"] = ("direction_recovery", {"direction": direction})
    return rows


def _legend(results: xr.Dataset) -> list[Line2D]:
    students = [
        Line2D([], [], color=colour, marker=marker, label=f"{name}, {short_count(int(count))}")
        for name, count, (colour, marker) in zip(
            results["model"].values, results["parameters"].values, _looks(results), strict=True
        )
    ]
    return [
        *students,
        Line2D([], [], color=BLACK, ls="--", lw=0.8, label="linear, in theory"),
        Line2D([], [], color=GREY, ls="-.", label="$p_{emp}$"),
        Line2D([], [], color=BLACK, ls=":", lw=0.8, label="chance"),
        Line2D([], [], color=GREY, lw=0.8, label="onset, in theory"),
    ]


def caption(results: xr.Dataset) -> str:
    """Where students converge and where they recover the leading directions."""
    told = [
        f"{name} {_interval(results, 'convergence', at)}, {_interval(results, 'recovery', at)}"
        for at, name in enumerate(results["model"].values[:MOST])
    ]
    return (
        f"Students of disjoint data converge at N/d = {_reached(results, 'convergence')}, and "
        f"recover the leading directions at {_reached(results, 'recovery')}.\n"
        "(a) Largest |cosine| of a sample with a training point, by chance with as many unseen "
        "ones. (b) Overlap of two students' samples. (c) Share of the "
        f"{results.sizes['direction']} leading directions within the student's; (d, e) of the "
        "first and last. (f) N*/d, halfway from chance to 1; arrows lie outside. Intervals (95 %, "
        f"jackknife over replicates) of q and Q: {'; '.join(told)}. "
        f"{told_bands(results)} {made_of(results)}"
    ).strip()


def _reached(results: xr.Dataset, rule: str) -> str:
    """The range of N*/d over students, and how many are outside the grid."""
    points = 2 ** results[f"log2_n_{rule}"].values / results.attrs["dimension"]
    inside = points[np.isfinite(points)]
    if not len(inside):
        return "no N of the grid"
    ends = dict.fromkeys(f"{end:.2g}" for end in (inside.min(), inside.max()))
    outside = len(points) - len(inside)
    return " to ".join(ends) + (f" ({outside} outside the grid)" if outside else "")


def _interval(results: xr.Dataset, rule: str, model: int) -> str:
    """The ends of an interval of N*/d, if there is one."""
    one, dimension = results.isel(model=model), results.attrs["dimension"]
    ends = [2 ** float(one[f"log2_n_{rule}_{end}"]) / dimension for end in ("low", "high")]
    return f"[{ends[0]:.2g}, {ends[1]:.2g}]" if np.isfinite(ends).all() else "not bounded"
