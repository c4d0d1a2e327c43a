"""Both sides of the theorems: a denoiser's loss and that of PCA or subspace clustering, over σ."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, BLUE, COLUMN, GREEN, GREY, ORANGE, PURPLE, VERMILION

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, BLACK)
LINES = {"random": "-", "half-learnt": "--"}
FILLED = {"hard": False, "soft": True}
SMALLEST = 1e-6
"""Where the axis of gaps ends: what is below is noise."""


def draw(results: xr.Dataset) -> Figure:
    """Left: the exact equality; middle: gaps of noisy weights; right: spans beside clustering's."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(2 * COLUMN, 2.6))
    sigma = results["sigma"].values
    colours = dict(zip(results["clusters"].values.tolist(), COLOURS, strict=False))
    for clusters, colour in colours.items():
        for bases, line in LINES.items():
            one = results.sel(clusters=clusters, bases=bases)
            ratio = one["clean_gap"] / one["clean_gap_se"]
            left.plot(sigma, ratio, color=colour, ls=line, marker=".", lw=0.8)
            for weights, is_filled in FILLED.items() if clusters > 1 else ():
                gap = one.sel(weights=weights)
                middle.errorbar(
                    sigma,
                    abs(gap["gap"]),
                    yerr=2 * gap["gap_se"],
                    color=colour,
                    ls=line,
                    marker="o",
                    mfc=colour if is_filled else "white",
                    elinewidth=0.6,
                    lw=0.8,
                )
        excess, means = _by_excess(results["from_clustering"].sel(clusters=clusters))
        right.plot(excess, means, color=colour, marker=".")
    left.axhspan(-2, 2, color=GREY, alpha=0.15, lw=0)
    left.set_ylim(-5, 5)
    left.set_ylabel("difference / standard error")
    middle.set_yscale("log")
    middle.set_ylim(bottom=SMALLEST)
    middle.set_ylabel("|gap| of weights from $x_t$")
    for axes in (left, middle):
        axes.set_xscale("log")
        axes.set_xlabel("$\\sigma$")
    right.axvline(0, color=GREY, ls=":")
    right.set_yscale("log")
    right.set_xlabel("$N-r$")
    right.set_ylabel("$\\|\\hat U\\hat U^\\top-VV^\\top\\|_F$")
    handles = [
        *[Line2D([], [], color=c, label=f"$K={k}$") for k, c in colours.items()],
        *[Line2D([], [], color=GREY, ls=ls, label=f"{bases} bases") for bases, ls in LINES.items()],
        Line2D([], [], color=GREY, marker="o", mfc="white", ls="", label="hard weights"),
        Line2D([], [], color=GREY, marker="o", ls="", label="soft weights"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _by_excess(apart: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over all ranks, by N − r."""
    excess = (apart["N"] - apart["rank"]).rename("excess")
    means = apart.groupby(excess).mean().dropna("excess")
    return means["excess"].values, means.values


def caption(results: xr.Dataset) -> str:
    """How exact the equality is, how the gaps close, how near the spans are."""
    exact = abs(results["clean_gap"] / results["clean_gap_se"])
    smallest = float(results["sigma"].min())
    gaps = []
    for clusters in results["clusters"].values[results["clusters"].values > 1]:
        for weights in results["weights"].values:
            one = results["gap"].sel(clusters=clusters, weights=weights, bases="random")
            near = one.sel(sigma=1, method="nearest")
            gaps.append(
                f"K = {clusters}, {weights}, {float(near):.3f} at σ = "
                f"{float(near['sigma']):g} and {float(one.sel(sigma=smallest)):.6f} at σ = "
                f"{smallest:g}"
            )
    largest = float(abs(results["gap"]).max())
    far = results["from_clustering"].where(results["N"] >= results["rank"] + 2)
    means = far.mean(("N", "rank"))
    spans = [
        f"K = {clusters}, {float(mean):.4f}"
        for clusters, mean in zip(results["clusters"].values, means, strict=True)
    ]
    return (
        "Denoising loss in units of the points' mean square. Left: with each point's weights taken "
        "from the clean point it is the loss of PCA (K = 1) or of subspace clustering in closed "
        f"form; they differ by at most {float(exact.max()):.1f} standard errors over problems. "
        "Middle: what weights taken from the noisy point add, same noises; it closes as σ → 0 "
        f"(random bases: {'; '.join(gaps)}; the largest of all is {largest:.2f}). Right: mean "
        "‖ÛÛᵀ − VVᵀ‖_F between the trained denoiser's bases and those of PCA, or of K-subspaces "
        "with joint orthogonality, on the "
        f"same points; over all N ≥ r + 2: {'; '.join(spans)}. Bars are two standard errors."
    )
