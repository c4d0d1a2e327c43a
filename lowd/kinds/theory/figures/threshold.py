"""Recovery against N − r, and the error below N = r against the theorem's bound."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    between,
    size_colours,
)
from lowd.kinds.theory.figures.recovery import CLUSTERING, ERROR, METHODS

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, BLACK)
MARKS = ("o", "^", "P", "d", "h", "p")
"""Of K from 1 on."""
NEAR = (-4, 8)
SHOWN_RANKS = 3


def draw(results: xr.Dataset) -> Figure:
    """Shares of successes of clustering and of denoisers; errors with too few points."""
    below = _below(results)
    widths = (1, 1, 1.5) if below is not None else (1, 1)
    figure, panels = plt.subplots(
        1, len(widths), figsize=(2 * COLUMN, 2.9), width_ratios=widths, squeeze=False
    )
    clustering, denoiser = panels[0, :2]
    _successes(clustering, results, [m for m in CLUSTERING if m != "subspaces"])
    _successes(denoiser, results, ["denoiser"])
    clustering.set_title("PCA, K-subspaces", loc="left")
    denoiser.set_title("denoiser", loc="left")
    clustering.set_ylabel("share of successes")
    denoiser.tick_params(labelleft=False)
    handles = [
        Line2D([], [], color=COLOURS[k - 1], marker=MARKS[k - 1], label=f"$K={k}$")
        for k in results["clusters"].values.tolist()
    ]
    if below is not None:
        handles += _errors(panels[0, 2], below)
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def _successes(axes: Axes, results: xr.Dataset, methods: list[str]) -> None:
    """Over all ranks, by N − r, with Wilson's intervals."""
    excess = results["excess"].values
    near = (excess >= NEAR[0]) & (excess <= NEAR[1])
    shown = [
        (method, k)
        for method in methods
        for k in results["clusters"].values.tolist()
        if method in results["method"].values
    ]
    for method, k in shown:
        one = results.sel({"method": method, "clusters": k}).isel(excess=near)
        ends = (one["pooled_low"].values, one["pooled_high"].values)
        between(
            axes, excess[near], one["pooled"].values, ends, color=COLOURS[k - 1],
            marker=MARKS[k - 1], ls="-" if method == "denoiser" else "--", lw=1.0,
            label=f"{METHODS[method]}, K = {k}",
        )  # fmt: skip
    axes.axvline(0, color=GREY, ls=":")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("$N-r$")


def _errors(axes: Axes, below: xr.Dataset) -> list[Line2D]:
    """Errors with fewer points than dimensions, their exact mean square, and the bound."""
    handles = []
    ranks = below["rank"].values.tolist()
    for rank, colour in zip(ranks, size_colours(ranks), strict=True):
        one = below.sel(rank=rank)
        one = one.sel(N=one["N"][one["N"] < rank])
        n = one["N"].values
        axes.plot(n, one["random_completion"], color=colour, lw=1)
        axes.plot(n, np.sqrt(rank - n), color=colour, ls=":", lw=1)
        for method, marker, shift in (("pca", "s", -0.12), ("denoiser", "o", 0.12)):
            if method not in below["method"].values:
                continue
            points = one.sel({"method": method})
            axes.errorbar(
                n + shift, points["error"], yerr=2 * points["error_se"], fmt=marker, color=colour,
                mfc="white" if method == "pca" else colour, ms=3.5, elinewidth=0.8,
            )  # fmt: skip
        handles.append(Line2D([], [], color=colour, label=f"$r={rank}$"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("$N$")
    axes.set_ylabel(f"{ERROR}, root mean square")
    axes.set_title("one cluster, $N<r$", loc="left")
    return [
        *handles,
        Line2D([], [], color=GREY, label="random completion"),
        Line2D([], [], color=GREY, ls=":", label="bound $\\sqrt{r-N}$"),
        Line2D([], [], color=GREY, ls="", marker="s", mfc="white", label="PCA"),
        Line2D([], [], color=GREY, ls="", marker="o", label="denoiser, $K=1$"),
    ]


def _below(results: xr.Dataset) -> xr.Dataset | None:
    """One cluster, at a few of the ranks that have two N below them; None if there is none."""
    if "pca" not in results["method"].values:
        return None
    one = results.sel(clusters=1)
    one = one.sel(rank=one["success"].notnull().any(("method", "N")))
    ranks = one["rank"].values
    # With one N below it a rank has no curve.
    ranks = ranks[ranks > one["N"].values[:2][-1]]
    if not len(ranks):
        return None
    chosen = np.linspace(0, len(ranks) - 1, min(SHOWN_RANKS, len(ranks))).round().astype(int)
    return one.sel(rank=ranks[chosen])


def caption(results: xr.Dataset) -> str:
    """Pooled recovery with intervals, and how far errors are from the exact value."""
    told, clustering = [], []
    for method in METHODS:
        for k in results["clusters"].values.tolist():
            if method not in results["method"].values or method == "subspaces":
                continue
            one = results.sel({"method": method, "clusters": k})
            if method == "denoiser":
                at = [_share(one, step) for step in (0, 1, 2) if step in results["excess"].values]
                told.append(f"{', '.join(at)} for K = {k}")
            elif np.isfinite(float(one["pooled"].sel(excess=0))):
                clustering.append(float(one["pooled"].sel(excess=0)))
    first = (
        f"PCA and K-subspaces recover {min(clustering):.0%} of subspaces from N = r points on"
        if clustering
        else "Recovery rises at N = r points"
    )
    shares = f" Of the denoiser at N = r, r + 1 and r + 2: {'; '.join(told)}." if told else ""
    return (
        f"{first}, denoisers a few points later.\n(a, b) Share of successes over all ranks, up "
        f"to N − r = {NEAR[1]}, bands Wilson's 95 % intervals."
        f"{shares}{_agreement(results)}"
    )


def _share(one: xr.Dataset, step: int) -> str:
    return f"{float(one['pooled'].sel(excess=step)):.2f}"


def _agreement(results: xr.Dataset) -> str:
    """How far mean squares are from those of random completions, over all cells with N < r."""
    if _below(results) is None:
        return ""
    parts = []
    one = results.sel(clusters=1)
    below = (one["N"] < one["rank"]) & one["error"].notnull().any("method")
    for method in ("pca", "denoiser"):
        if method not in results["method"].values:
            continue
        cells = one.sel({"method": method})
        ratio = (cells["error"] / one["random_completion"]).where(below)
        parts.append(f"{METHODS[method]}'s {float(ratio.mean()):.4f}")
    others = [
        f"{_mean_ratio(results, int(clusters)):.2f} for K = {clusters}"
        for clusters in results["clusters"].values
        if clusters > 1 and "denoiser" in results["method"].values
    ]
    if others:
        parts.append(f"its largest of a cluster {', '.join(others)}")
    least = float((one["error"] - one["lower_bound"]).where(below).min())
    return (
        " (c) Root mean square errors with too few points, bars two standard errors. "
        f"Over all {int(below.sum())} cells with N < r, as shares of the exact value: "
        f"{', '.join(parts)}. All are at least {least:.2f} above √(r − N)."
    )


def _mean_ratio(results: xr.Dataset, clusters: int) -> float:
    """The denoiser's error over that of random completions, on average over N < r."""
    one = results.sel({"method": "denoiser", "clusters": clusters})
    return float((one["error"] / one["random_completion"]).where(one["N"] < one["rank"]).mean())
