"""Both sides of the theorems: a denoiser's loss and that of PCA or subspace clustering, over σ."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    listed,
)

COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, BLACK)
LINES = {"random": "-", "half-learnt": "--"}
MARKERS = {"random": "o", "half-learnt": "D"}
FILLED = {"hard": False, "soft": True}
SMALLEST = 1e-6
"""Where the axis of gaps ends: what is below is noise."""


def draw(results: xr.Dataset) -> Figure:
    """Left: the exact equality; middle: gaps of noisy weights; right: spans beside clustering's."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(2 * COLUMN, 3.1))
    colours = dict(zip(results["clusters"].values.tolist(), COLOURS, strict=False))
    for place, (clusters, colour) in enumerate(colours.items()):
        for bases in LINES:
            one = results.sel(clusters=clusters, bases=bases)
            shift = 1.08 ** (2 * place - len(colours) + 1)
            _exact(left, one, bases, colour, shift)
            if clusters > 1:
                _gaps(middle, one, bases, colour)
        excess, means = _by_excess(results["from_clustering"].sel(clusters=clusters))
        right.plot(excess, means, color=colour, marker=".")
    left.axhspan(-2, 2, color=GREY, alpha=0.15, lw=0)
    left.set_ylim(-5, 5)
    left.set_ylabel("difference / standard error")
    left.set_title("weights of clean points", loc="left")
    middle.set_yscale("log")
    middle.set_ylabel("gap of losses / mean square")
    middle.set_title("weights of noisy points", loc="left")
    for axes in (left, middle):
        axes.set_xscale("log")
        axes.set_xlabel("$\\sigma$")
    right.axvline(0, color=GREY, ls=":")
    right.set_yscale("log")
    right.set_xlabel("$N-r$")
    right.set_ylabel("‖ÛÛᵀ − VVᵀ‖$_F$")
    right.set_title("spans of both", loc="left")
    handles = [
        *[Line2D([], [], color=c, label=f"$K={k}$") for k, c in colours.items()],
        *[
            Line2D([], [], color=GREY, ls=ls, marker=MARKERS[bases], label=f"{bases} bases")
            for bases, ls in LINES.items()
        ],
        Line2D([], [], color=GREY, marker="o", mfc="white", ls="", label="hard weights"),
        Line2D([], [], color=GREY, marker="o", ls="", label="soft weights"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _exact(axes: Axes, one: xr.Dataset, bases: str, colour: str, shift: float) -> None:
    """Differences that are chance alone, moved apart sideways."""
    ratio = one["clean_gap"] / one["clean_gap_se"]
    axes.plot(
        one["sigma"].values * shift, ratio, color=colour, ls="", marker=MARKERS[bases], ms=3,
    )  # fmt: skip


def _gaps(axes: Axes, one: xr.Dataset, bases: str, colour: str) -> None:
    """Sizes of gaps from `SMALLEST` on, with the part of their bars that is above."""
    for weights, is_filled in FILLED.items():
        gap = one.sel(weights=weights)
        size, reach = abs(gap["gap"]).values, 2 * gap["gap_se"].values
        size = np.where(size >= SMALLEST, size, np.nan)
        axes.errorbar(
            one["sigma"].values, size, yerr=[np.minimum(reach, size - SMALLEST), reach],
            color=colour, ls=LINES[bases], marker=MARKERS[bases],
            mfc=colour if is_filled else "white", elinewidth=0.6, lw=0.8,
        )  # fmt: skip


def _by_excess(apart: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over all ranks, by N − r."""
    excess = (apart["N"] - apart["rank"]).rename("excess")
    means = apart.groupby(excess).mean().dropna("excess")
    return means["excess"].values, means.values


def caption(results: xr.Dataset) -> str:
    """How exact the equality is, how the gaps close, how near the spans are."""
    exact = abs(results["clean_gap"] / results["clean_gap_se"])
    several = results.sel(clusters=results["clusters"].values > 1)["gap"]
    smallest = float(results["sigma"].min())
    near = float(abs(several.sel(sigma=smallest)).max()) if several.size else 0.0
    far = results["from_clustering"].where(results["N"] >= results["rank"] + 2)
    spans = [
        f"{float(mean):.4f} for K = {clusters}"
        for clusters, mean in zip(results["clusters"].values, far.mean(("N", "rank")), strict=True)
    ]
    return (
        "A denoiser's loss is that of PCA or of subspace clustering to "
        f"{float(exact.max()):.1f} standard errors, where weights are those of clean points.\n"
        "Losses are in units of the points' mean square; grey, two standard errors over problems. "
        "(b) What weights of the noisy point x_t add, same noises, from "
        f"{SMALLEST:.6f} on: at most {float(abs(results['gap']).max()):.2f}, and "
        f"{near:.6f} at σ = {smallest:g}. (c) Mean distance between the spans of the trained "
        "denoiser's bases Û and of the bases V that PCA, or K-subspaces with joint orthogonality, "
        f"finds of the same points; over all N ≥ r + 2 {listed(spans)}. Bars are two standard "
        "errors."
    )
