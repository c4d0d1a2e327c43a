"""Recovery against N − r, and the error below N = r against the theorem's bound."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, BLUE, COLUMN, GREEN, GREY, ORANGE, PURPLE, VERMILION
from lowd.kinds.theory.figures.recovery import METHODS

CURVES = {
    ("pca", 1): (BLACK, "--", "s"),
    ("joint-subspaces", 2): (GREY, "--", "D"),
    ("joint-subspaces", 3): (PURPLE, "--", "v"),
    ("joint-subspaces", 4): (ORANGE, "--", "<"),
    ("joint-subspaces", 5): (BLUE, "--", ">"),
    ("joint-subspaces", 6): (VERMILION, "--", "X"),
    ("denoiser", 1): (BLUE, "-", "o"),
    ("denoiser", 2): (VERMILION, "-", "^"),
    ("denoiser", 3): (GREEN, "-", "P"),
    ("denoiser", 4): (ORANGE, "-", "d"),
    ("denoiser", 5): (PURPLE, "-", "h"),
    ("denoiser", 6): (BLACK, "-", "p"),
}
NEAR = (-4, 8)
SHOWN_RANKS = 3


def draw(results: xr.Dataset) -> Figure:
    """Left: share of successes with Wilson's intervals; right: errors with too few points."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(2 * COLUMN, 2.7))
    excess = results["excess"].values
    near = (excess >= NEAR[0]) & (excess <= NEAR[1])
    for (method, clusters), (colour, line, marker) in CURVES.items():
        if method not in results["method"].values or clusters not in results["clusters"].values:
            continue
        one = results.sel({"method": method, "clusters": clusters}).isel(excess=near)
        label = f"{METHODS[method].removesuffix(', joint')}, $K={clusters}$"
        left.plot(excess[near], one["pooled"], color=colour, ls=line, marker=marker, label=label)
        left.fill_between(
            excess[near], one["pooled_low"], one["pooled_high"], color=colour, alpha=0.18, lw=0
        )
    left.axvline(0, color=GREY, ls=":")
    left.set_xlabel("$N-r$")
    left.set_ylabel("share of successes")
    left.legend(loc="center right", fontsize=6)
    below = _below(results)
    if below is None:
        right.set_visible(False)
        return figure
    for rank, colour in zip(below["rank"].values, (ORANGE, BLUE, VERMILION), strict=False):
        one = below.sel(rank=rank)
        one = one.sel(N=one["N"][one["N"] < rank])
        right.plot(one["N"] - rank, one["random_completion"], color=colour, lw=1)
        for method, marker, shift in (("pca", "s", -0.12), ("denoiser", "o", 0.12)):
            points = one.sel({"method": method})
            right.errorbar(
                points["N"] - rank + shift,
                points["error"],
                yerr=2 * points["error_se"],
                fmt=marker,
                color=colour,
                mfc="white" if method == "pca" else colour,
                ms=3.5,
                elinewidth=0.8,
            )
    missing = np.linspace(0, float(below["rank"].max()) ** 0.5, 100) ** 2
    right.plot(-missing, np.sqrt(missing), color=BLACK, label="bound $\\sqrt{r-N}$")
    for rank, colour in zip(below["rank"].values, (ORANGE, BLUE, VERMILION), strict=False):
        right.plot([], [], color=colour, label=f"random completion, $r={rank}$")
    right.plot([], [], "s", color=GREY, mfc="white", label="PCA")
    right.plot([], [], "o", color=GREY, label="denoiser, $K=1$")
    right.set_xlabel("$N-r$")
    right.set_ylabel("$\\|\\hat U\\hat U^\\top-UU^\\top\\|_F$, root mean square")
    right.legend(loc="lower left", fontsize=6)
    return figure


def _below(results: xr.Dataset) -> xr.Dataset | None:
    """One cluster, at a few of the ranks that have an N below them; None if there is none."""
    if "pca" not in results["method"].values:
        return None
    one = results.sel(clusters=1)
    one = one.sel(rank=one["success"].notnull().any(("method", "N")))
    ranks = one["rank"].values
    ranks = ranks[ranks > one["N"].values[0]]
    if not len(ranks):
        return None
    chosen = np.linspace(0, len(ranks) - 1, min(SHOWN_RANKS, len(ranks))).round().astype(int)
    return one.sel(rank=ranks[chosen])


def caption(results: xr.Dataset) -> str:
    """Pooled recovery with intervals, and how far errors are from the exact value."""
    parts = []
    for method, clusters in CURVES:
        if method not in results["method"].values or clusters not in results["clusters"].values:
            continue
        one = results.sel({"method": method, "clusters": clusters})
        at = []
        for step in (0, 1, 2, 4) if method == "denoiser" else (0,):
            if step in results["excess"].values:
                share, low, high = (
                    float(one[f"pooled{end}"].sel(excess=step)) for end in ("", "_low", "_high")
                )
                place = f"N = r + {step}" if step else "N = r"
                at.append(f"{share:.3f} [{low:.3f}, {high:.3f}] at {place}")
        parts.append(f"{METHODS[method].removesuffix(', joint')}, K = {clusters}: {', '.join(at)}")
    return (
        "Left: share of successes over all ranks, bands Wilson's 95 % intervals; K-subspaces with "
        f"joint orthogonality; larger N − r, up to {int(results['excess'].max())}, are left out. "
        f"{'; '.join(parts)}.{_agreement(results)}"
    )


def _agreement(results: xr.Dataset) -> str:
    """How far mean squares are from those of random completions, over all cells with N < r."""
    if _below(results) is None:
        return ""
    parts = []
    one = results.sel(clusters=1)
    below = (one["N"] < one["rank"]) & one["error"].notnull().any("method")
    for method in ("pca", "denoiser"):
        cells = one.sel({"method": method})
        ratio = (cells["error"] / one["random_completion"]).where(below)
        apart = ((cells["error"] - one["random_completion"]) / cells["error_se"]).where(below)
        parts.append(
            f"{METHODS[method]}, {float(ratio.mean()):.4f} of the exact value, at most "
            f"{float(abs(apart).max()):.1f} standard errors away"
        )
    others = [
        f"{_mean_ratio(results, int(clusters)):.2f} of it for K = {clusters}"
        for clusters in results["clusters"].values
        if clusters > 1 and "denoiser" in results["method"].values
    ]
    if others:
        parts.append(f"the denoiser's largest error of a cluster {', '.join(others)}")
    least = float((one["error"] - one["lower_bound"]).where(below).min())
    return (
        " Right: root mean square error with one cluster and fewer points than dimensions, bars "
        "two standard errors; PCA's and the denoiser's are moved apart sideways. "
        f"Over all {int(below.sum())} cells with N < r, on average: "
        f"{'; '.join(parts)}. The least root mean square error minus √(r − N) is {least:.2f}."
    )


def _mean_ratio(results: xr.Dataset, clusters: int) -> float:
    """The denoiser's error over that of random completions, on average over N < r."""
    one = results.sel({"method": "denoiser", "clusters": clusters})
    return float((one["error"] / one["random_completion"]).where(one["N"] < one["rank"]).mean())
