"""Every marker of memorisation against N and against N/√|θ|, where it turns, and what collapses."""

from string import ascii_lowercase

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lowd.figures.intervals import has_interval, told_bands, told_intervals, told_slope
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    VERMILION,
    band,
    centre_and_error,
    quoted,
    size_colours,
    size_legend,
)
from lowd.kinds.markers.settings import MARKERS
from lowd.metrics.transition import CENSORED

LABELS = {
    "copied": "copies $f_{mem}$",
    "nearer": "P(own set nearer)",
    "s": "memorised fraction $s$",
    "s_excess": "$s$ beyond another set's",
    "s_denoising": "$s(\\sigma_{half})$, held out",
    "lid": "LID, training points",
    "lid_auc": "AUC by LID",
    "gap": "gap at $\\sigma_{half}$",
    "underfitting": "selective underfitting",
}
SAID = {
    "copied": "copies f_mem",
    "nearer": "P(own set nearer)",
    "s": "memorised fraction s",
    "s_excess": "s beyond another set's",
    "s_denoising": "s at σ_half",
    "lid": "LID",
    "lid_auc": "AUC by LID",
    "gap": "denoising gap",
    "underfitting": "selective underfitting",
}
LETTERS = ascii_lowercase[: len(MARKERS)]
"""Of the panels, one a marker."""


def draw(results: xr.Dataset) -> Figure:
    """A pair of panels for each marker, and for all of them slopes and what rescaling leaves."""
    figure, panels = plt.subplots(5, 4, figsize=(2 * COLUMN, 8.2))
    pairs = panels.reshape(-1, 2)
    for letter, marker, (plain, rescaled) in zip(LETTERS, MARKERS, pairs, strict=False):
        _curves(plain, results, marker)
        _turns(plain, results, marker)
        plain.set_title(f"({letter}) {LABELS[marker]}", loc="left", fontsize=7)
        _rescaled(rescaled, results, marker)
    _slopes(pairs[-1][0], results)
    _collapse(pairs[-1][1], results)
    for plain, rescaled in pairs[-3:-1]:
        plain.set_xlabel("$\\log_2 N$")
        rescaled.set_xlabel("$\\log_2(N/\\sqrt{|\\theta|})$")
    for axes in panels.flat:
        axes.tick_params(labelsize=6)
    for axes in pairs[:-1].flat:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    handles = [
        *size_legend(results["parameters"].values.tolist()),
        Line2D([], [], color=BLACK, ls=":", label="teacher"),
        Line2D([], [], color=BLACK, ls="--", label="pure memorisation"),
        Line2D([], [], color=GREY, marker="D", mec="white", label="$N^*$, replicates' range"),
        Line2D([], [], color=GREY, marker="<", mfc="none", ls="", label="$N^*$ outside the grid"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=8, fontsize=6)
    return figure


def _curves(axes: Axes, results: xr.Dataset, marker: str) -> None:
    log2_n = np.log2(results["N"].values)
    centre, error = centre_and_error(results, marker, "replicate")
    for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
        band(axes, log2_n, centre[at], error[at], color=colour, lw=1.0)
    for control, line in (("teacher", ":"), ("emp", "--")):
        mean = results[f"{marker}_{control}"].mean("replicate")
        axes.plot(log2_n, mean, color=BLACK, ls=line, lw=0.8)


def _turns(axes: Axes, results: xr.Dataset, marker: str) -> None:
    """N* of every size at the height where it is read: mean and range, or which way it lies."""
    log2_n = np.log2(results["N"].values)
    halfway = results[f"halfway_{marker}"].values
    axes.plot(log2_n, halfway, color=GREY, lw=0.5)
    points, censored = results[f"log2_n_{marker}"].values, results[f"censored_{marker}"].values
    for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
        for side, arrow, edge in (("below", "<", 0), ("above", ">", -1)):
            if (censored[at] == CENSORED[side]).any():
                axes.plot(log2_n[edge], halfway[edge], arrow, mfc="none", mec=colour, ms=4)
        if np.isfinite(points[at]).all():
            mean, height = points[at].mean(), np.interp(points[at].mean(), log2_n, halfway)
            span = [[mean - points[at].min()], [points[at].max() - mean]]
            axes.errorbar(
                mean, height, xerr=span, color=colour, fmt="D", ms=3, mec="white", mew=0.4
            )
    axes.set_xlim(log2_n[0] - 0.4, log2_n[-1] + 0.4)


def _rescaled(axes: Axes, results: xr.Dataset, marker: str) -> None:
    log2_n = np.log2(results["N"].values)
    centre, _ = centre_and_error(results, marker, "replicate")
    parameters = results["parameters"].values.tolist()
    for at, colour in enumerate(size_colours(parameters)):
        axes.plot(log2_n - np.log2(parameters[at]) / 2, centre[at], color=colour, lw=1.0)
    kept = results["kept"].sel(marker=marker)
    if np.isfinite(kept):
        axes.set_title(f"spread ×{float(kept):.2f}", loc="right", fontsize=6.5)


def _slopes(axes: Axes, results: xr.Dataset) -> None:
    """The slope of log N* on log|θ| by every marker, with its interval where there is one."""
    for at, marker in enumerate(MARKERS):
        slope, low, high = (float(results[f"slope_{marker}{end}"]) for end in ("", "_low", "_high"))
        if has_interval(results, marker):
            axes.plot([low, high], [at, at], color=BLUE, lw=1)
        axes.plot(slope, at, "o", color=BLUE, ms=3)
    axes.axvline(0.5, color=GREY, ls=":", lw=0.8)
    axes.set_yticks(range(len(MARKERS)), [f"({letter})" for letter in LETTERS])
    axes.invert_yaxis()
    axes.set_title("(j) slope of $\\log N^*$ on $\\log|\\theta|$", loc="left", fontsize=7)


def _collapse(axes: Axes, results: xr.Dataset) -> None:
    """What is left of the spread between sizes over N/√|θ|."""
    rows = range(len(MARKERS))
    one = results.sel(marker=list(MARKERS))
    axes.errorbar(
        one["kept"], rows, xerr=2 * one["kept_se"], fmt="o", color=VERMILION, ms=3, elinewidth=1
    )
    axes.axvline(1, color=GREY, ls=":", lw=0.8)
    axes.set_xlim(left=0)
    axes.set_yticks(rows, [f"({letter})" for letter in LETTERS])
    axes.invert_yaxis()
    axes.set_title("(k) spread left, $N/\\sqrt{|\\theta|}$", loc="left", fontsize=7)


def caption(results: xr.Dataset) -> str:
    """What collapses best and worst; of each marker N*, its slope, and the spread that is left."""
    kept = results["kept"]
    told = "Too few sizes overlap for a collapse to be told."
    if np.isfinite(kept).any():
        finite = kept.dropna("marker")
        best, worst = finite.idxmin("marker").item(), finite.idxmax("marker").item()
        told = (
            f"Dividing N by √|θ| leaves {float(kept.sel(marker=best)):.2f} of the spread between "
            f"sizes of {SAID[best]} and {float(kept.sel(marker=worst)):.2f} of that of "
            f"{SAID[worst]}."
        )
    return " ".join(
        [
            told,
            _explained(results),
            *(_told(results, letter, m) for letter, m in zip(LETTERS, MARKERS, strict=True)),
            *told_intervals(results, MARKERS),
            "Spreads are root mean squares between sizes over the rescaled axis, ± two jackknife "
            "standard errors over replicates.",
            told_bands(results),
        ]
    )


def _explained(results: xr.Dataset) -> str:
    sigma = results["sigma"].values
    structure, half = (
        float(sigma[int(results[f"level_{each}"])]) for each in ("structure", "half")
    )
    inside = sigma[results["band"].values]
    return (
        "Each marker against N, and without bands against N/√|θ|; it turns, at N* (diamonds), "
        "halfway between teacher and pure memorisation. (a) Samples three times nearer to their "
        "nearest training point than to the next; (b) samples nearer to the training set than to "
        "an equal, unseen one: chance ½; (c) how far samples have gone from the teacher's to the "
        "memoriser's; (d) the same less that towards another training set's memoriser; (e) the "
        f"same as (c) of held-out points denoised at σ = {half:.2g}; (f) local intrinsic dimension "
        f"at σ = {structure:.2g}; (g) how well it tells training points from held-out ones; (h) "
        f"held-out less training error at σ = {half:.2g}, a share of the data's variance, beyond "
        "the teacher's on the same points; (i) distance from the empirical denoiser on the "
        "student's trajectory less that on noisy training points, in units of the data's spread, "
        f"over σ from {inside.min():.2g} to {inside.max():.2g}. Levels follow from the teacher "
        "alone."
    )


def _told(results: xr.Dataset, letter: str, marker: str) -> str:
    """N* of the largest size, the slope, and what rescaling leaves."""
    largest = int(np.argmax(results["parameters"].values))
    points = results[f"log2_n_{marker}"].values[largest]
    outside = np.isin(
        results[f"censored_{marker}"].values, [CENSORED["below"], CENSORED["above"]]
    ).sum()
    where = (
        f"N* = {2 ** points.mean():.0f} of the largest size"
        if np.isfinite(points).all()
        else "no N* of the largest size in the grid"
    )
    one = results.sel(marker=marker)
    return (
        f"({letter}) {where}, {told_slope(results, marker)}, {outside} of "
        f"{results[f'censored_{marker}'].size} N* outside the grid, spread × "
        f"{quoted(one['kept'], one['kept_se'])}, least at |θ| to the "
        f"{float(one['best_exponent']):.2f}."
    )
