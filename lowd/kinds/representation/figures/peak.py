"""Unimodality of probes' curves against N, GL and E_gen of the same students."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import (
    COLUMN,
    GREY,
    extremes,
    made_of,
    quoted,
    samples_axis,
    size_colours,
)
from lowd.figures.vacuous import ROUNDING

SCORES = ("gl",)
"""What it shows that a threshold decides."""


def draw(results: xr.Dataset) -> Figure:
    """The largest model; a dot a student, coloured by N; untrained networks as a band."""
    figure, panels = plt.subplots(1, 3, figsize=(2 * COLUMN, 2.6), sharey=True)
    largest, _ = extremes(results)
    sizes = results["N"].values
    centre, error = _mean(largest["unimodality_untrained"], "untrained")
    for axes in panels:
        axes.axhspan(centre - 2 * error, centre + 2 * error, color=GREY, alpha=0.18, lw=0)
        axes.axhline(centre, color=GREY, lw=0.8, ls="--")
    colours = size_colours(sizes.tolist())
    for n, colour in zip(sizes, colours, strict=True):
        one = largest.sel(N=n)
        u = one["unimodality"].values
        mean, spread = _mean(one["unimodality"], "replicate")
        panels[0].errorbar(n, mean, 2 * spread, color=colour, marker="o", ms=5)
        panels[0].plot(np.full(len(u), n * 1.2), u, ".", color=colour, ms=3)
        for axes, score in zip(panels[1:], ("gl", "e_gen"), strict=True):
            axes.plot(one[score].values, u, "o", color=colour, ms=3.5)
    samples_axis(panels[0], sizes)
    panels[0].set_ylabel("unimodality $u$ of accuracy")
    panels[1].set_xlabel("GL")
    panels[2].set_xlabel("$\\mathcal{E}_{gen}$, in units of the descriptor")
    handles = [
        Line2D([], [], color=colour, marker="o", ls="", label=f"N = {n:,}")
        for n, colour in zip(sizes, colours, strict=True)
    ]
    handles.append(Line2D([], [], color=GREY, ls="--", label="untrained"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _mean(values: xr.DataArray, over: str) -> tuple[float, float]:
    """Mean and standard error over replicates, or over untrained networks."""
    count = values.sizes[over]
    return float(values.mean(over)), float(values.std(over, ddof=1)) / count**0.5


def caption(results: xr.Dataset) -> str:
    """What u is by N, and how it goes with the other scores."""
    largest, name = extremes(results)
    u, sizes = largest["unimodality"], results["N"].values
    first, last = (_mean(u.isel(N=at), "replicate") for at in (0, -1))
    gap, error = last[0] - first[0], float(np.hypot(first[1], last[1]))
    told = [
        f"N = {n:,} {_told(u.sel(N=n), 'replicate')}, peak at σ = "
        f"{float(largest['peak_sigma'].sel(N=n).median()):g}"
        for n in sizes
    ]
    return (
        f"Probes' curves of {name} are {'more' if gap >= 0 else 'less'} unimodal by "
        f"{abs(gap):.3f} at N = {sizes[-1]:,} than at N = {sizes[0]:,}, "
        f"{abs(gap) / max(error, ROUNDING):.1f} standard errors.\nu = min(peak − first, "
        "peak − last) of the accuracy over σ, at clean points, (a) against N, (b) GL and "
        "(c) E_gen; a dot a student, bars and ± two standard errors over "
        f"{results.sizes['replicate']} replicates: {'; '.join(told)}. Dashed, with a band: "
        f"untrained networks ({_told(largest['unimodality_untrained'], 'untrained')}), as noise "
        "biases a maximum upward. Correlation over students: with GL "
        f"{_correlation(u, largest['gl'])}, with E_gen {_correlation(u, largest['e_gen'])}. "
        f"{made_of(results)}"
    ).strip()


def _told(values: xr.DataArray, over: str) -> str:
    mean, error = _mean(values, over)
    return quoted(mean, error) if mean > 1 else f"{mean:.3f} ± {2 * error:.3f}"


def _correlation(one: xr.DataArray, other: xr.DataArray) -> str:
    """Pearson's, where both vary."""
    if float(other.max() - other.min()) < ROUNDING:
        return "none, as it does not vary"
    return f"{float(xr.corr(one, other)):.2f}"
