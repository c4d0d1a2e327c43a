"""Every marker of memorisation against N and against N/√|θ|, where it turns, and what collapses."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator

from lowd.figures.intervals import SIZES, covered, has_interval
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    VERMILION,
    band,
    centre_and_error,
    made_of,
    samples_axis,
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
SHARES = ("copied", "nearer")
"""Of samples: their bands end at 0 and 1."""
SHORT = {
    "copied": "$f_{mem}$",
    "nearer": "nearer",
    "s": "$s$",
    "s_excess": "excess",
    "s_denoising": "$s(\\sigma)$",
    "lid": "LID",
    "lid_auc": "AUC",
    "gap": "gap",
    "underfitting": "underfit",
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


OUTSIDE = {CENSORED[side] for side in ("below", "above")}


def draw(results: xr.Dataset) -> Figure:
    """A pair of panels for each marker, and for all of them slopes and what rescaling leaves."""
    figure, panels = plt.subplots(5, 4, figsize=(2 * COLUMN, 8.2))
    pairs = panels.reshape(-1, 2)
    for marker, (plain, rescaled) in zip(MARKERS, pairs, strict=False):
        _curves(plain, results, marker)
        _turns(plain, results, marker)
        plain.set_title(LABELS[marker], loc="left", fontsize=7)
        _rescaled(rescaled, results, marker)
    _slopes(pairs[-1][0], results)
    _collapse(pairs[-1][1], results)
    for plain, rescaled in pairs[:-1]:
        samples_axis(plain, results["N"].values[::2], "")
        rescaled.set_xscale("log", base=2)
        rescaled.xaxis.set_major_locator(LogLocator(base=2, numticks=4))
    for plain, rescaled in pairs[-3:-1]:
        plain.set_xlabel("$N$")
        rescaled.set_xlabel("$N/\\sqrt{|\\theta|}$")
    for axes in panels.flat:
        axes.tick_params(labelsize=6.5)
    handles = [
        *size_legend(results["parameters"].values.tolist()),
        Line2D([], [], color=BLACK, ls=":", label="teacher"),
        Line2D([], [], color=BLACK, ls="--", label="pure memorisation"),
        Line2D([], [], color=GREY, marker="D", mec="white", label="$N^*$, replicates' range"),
        Line2D([], [], color=GREY, marker="<", mfc="none", ls="", label="$N^*$ outside the grid"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, fontsize=6.5)
    return figure


def _curves(axes: Axes, results: xr.Dataset, marker: str) -> None:
    samples = results["N"].values
    centre, error = centre_and_error(results, marker, "replicate")
    for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
        look = {"color": colour, "lw": 1.0}
        band(axes, samples, centre[at], error[at], share=marker in SHARES, **look)
    for control, line in (("teacher", ":"), ("emp", "--")):
        mean = results[f"{marker}_{control}"].mean("replicate")
        axes.plot(samples, mean, color=BLACK, ls=line, lw=0.8)


def _turns(axes: Axes, results: xr.Dataset, marker: str) -> None:
    """N* of every size at the height where it is read: mean and range, or which way it lies."""
    log2_n = np.log2(results["N"].values)
    halfway = results[f"halfway_{marker}"].values
    axes.plot(results["N"].values, halfway, color=GREY, lw=0.5)
    points, censored = results[f"log2_n_{marker}"].values, results[f"censored_{marker}"].values
    for at, colour in enumerate(size_colours(results["parameters"].values.tolist())):
        for side, arrow, edge in (("below", "<", 0), ("above", ">", -1)):
            if (censored[at] == CENSORED[side]).any():
                axes.plot(2 ** log2_n[edge], halfway[edge], arrow, mfc="none", mec=colour, ms=4)
        if np.isfinite(points[at]).all():
            middle, height = 2 ** points[at].mean(), np.interp(points[at].mean(), log2_n, halfway)
            span = [[middle - 2 ** points[at].min()], [2 ** points[at].max() - middle]]
            axes.errorbar(
                middle,
                height,
                xerr=np.clip(span, 0, None),
                color=colour,
                fmt="D",
                ms=3,
                mec="white",
                mew=0.4,
            )
    axes.set_xlim(2 ** (log2_n[0] - 0.4), 2 ** (log2_n[-1] + 0.4))


def _rescaled(axes: Axes, results: xr.Dataset, marker: str) -> None:
    centre, _ = centre_and_error(results, marker, "replicate")
    parameters = results["parameters"].values.tolist()
    for at, colour in enumerate(size_colours(parameters)):
        axes.plot(results["N"].values / parameters[at] ** 0.5, centre[at], color=colour, lw=1.0)
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
    axes.set_yticks(range(len(MARKERS)), list(SHORT.values()))
    axes.invert_yaxis()
    axes.set_title("slope of $\\log N^*$ on $\\log|\\theta|$", loc="left", fontsize=7)


def _collapse(axes: Axes, results: xr.Dataset) -> None:
    """What is left of the spread between sizes over N/√|θ|."""
    rows = range(len(MARKERS))
    one = results.sel(marker=list(MARKERS))
    axes.errorbar(
        one["kept"], rows, xerr=2 * one["kept_se"], fmt="o", color=VERMILION, ms=3, elinewidth=1
    )
    axes.axvline(1, color=GREY, ls=":", lw=0.8)
    axes.set_xlim(left=0)
    axes.set_yticks(rows, list(SHORT.values()))
    axes.invert_yaxis()
    axes.set_title("spread left, $N/\\sqrt{|\\theta|}$", loc="left", fontsize=7)


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
    slopes = [float(results[f"slope_{marker}"]) for marker in MARKERS]
    crossed = [slope for slope in slopes if np.isfinite(slope)]
    outside = sum(
        int(np.isin(results[f"censored_{m}"].values, list(OUTSIDE)).sum()) for m in MARKERS
    )
    total = sum(results[f"censored_{marker}"].size for marker in MARKERS)
    count = results.sizes["replicate"]
    return " ".join(
        part
        for part in (
            f"{told}\n{_explained(results)}",
            f"(s) Slopes, {min(crossed):.2f} to {max(crossed):.2f}; (t) spreads left."
            if crossed
            else "(s) Slopes; (t) spreads left.",
            f"Of {total} N* {outside} are outside the grid. Bars of slopes (from {SIZES} sizes on) "
            "are bootstrapped; those of spreads, and bands, two standard errors "
            f"over {count} replicates ({covered(count):.0%}).",
            made_of(results),
        )
        if part
    )


def _explained(results: xr.Dataset) -> str:
    sigma = results["sigma"].values
    half = float(sigma[int(results["level_half"])])
    return (
        "Nine markers in pairs, against N and N/√|θ|; they turn, at N* (diamonds), halfway between "
        "teacher and pure memorisation: f_mem, samples thrice nearer to their nearest training "
        "point than to the next; nearer to the own than to an unseen set; s; s beyond another "
        "set's; s of held-out points denoised at "
        f"σ = {half:.2g}; local dimension; how it tells training points; held-out "
        "less training error; selective underfitting."
    )
