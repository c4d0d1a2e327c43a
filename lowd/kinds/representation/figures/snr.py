"""Class signal-to-noise ratio of what denoisers make of clean points, over σ."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import (
    BLACK,
    COLUMN,
    GREY,
    VERMILION,
    band,
    centre_and_error,
    extremes,
    made_of,
    size_colours,
)

LOW = 0.3
"""σ up to which the caption compares the formula."""


def draw(results: xr.Dataset) -> Figure:
    """The exact denoiser with its formula, and the largest model's students by N."""
    figure, axes = plt.subplots(figsize=(COLUMN, 2.9))
    largest, _ = extremes(results)
    sigma, sizes = results["sigma"].values, results["N"].values
    exact = results.sel(input="clean")
    band(axes, sigma, exact["snr_exact"], exact["snr_exact_se"], color=BLACK, marker="o", ls="")
    axes.plot(sigma, results["snr_formula"], color=BLACK, lw=1)
    for n, colour in zip(sizes, size_colours(sizes.tolist()), strict=True):
        centre, error = centre_and_error(largest.sel(N=n), "snr", "replicate")
        band(axes, sigma, centre, error, color=colour, label=f"students, N = {n:,}")
    noisy = results.sel(input="noisy")["snr_exact"]
    axes.plot(sigma, noisy, color=VERMILION, ls="--", lw=1, label="exact, noisy points")
    axes.plot([], [], "o-", color=BLACK, label="exact, and formula")
    axes.axhline(
        float(results["snr_formula"][0]),
        color=GREY,
        lw=0.6,
        ls=":",
        label="formula, lowest $\\sigma$",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("$\\sigma$")
    axes.set_ylabel("class signal-to-noise ratio")
    figure.legend(handles=axes.get_legend_handles_labels()[0], loc="outside lower center", ncols=2)
    return figure


def caption(results: xr.Dataset) -> str:
    """How high the peak is, how near the formula, what students reach."""
    exact = results["snr_exact"].sel(input="clean")
    apart = abs(results["snr_formula"] / exact - 1)
    peak = exact.isel(sigma=int(exact.argmax("sigma")))
    largest, name = extremes(results)
    told, highest = [], 0.0
    for n in results["N"].values:
        mean = largest["snr"].sel(N=n).mean("replicate")
        top = mean.isel(sigma=int(mean.argmax("sigma")))
        told.append(f"N = {n:,} at σ = {float(top['sigma']):g}")
        highest = max(highest, float(top))
    low = apart.where(apart["sigma"] <= LOW)
    accuracy = results["accuracy_exact"].sel(input="clean")
    reach = float(np.ptp(accuracy.values))
    return (
        "The exact denoiser's class signal-to-noise ratio peaks at an intermediate noise level, "
        f"{float(peak):.1f} at σ = {float(peak['sigma']):g}; that of students reaches "
        f"{highest:.1f}.\nThe ratio of what lies in a class's own subspace to what lies in the "
        "others', of what denoisers make of clean points. The formula, with the mean weight of the "
        f"class, is within {float(low.max()):.1%} of the exact one up to σ = {LOW:g} and "
        f"{float(apart.max()):.0%} at worst. Students of {name} peak: {'; '.join(told)}. The "
        f"nearest subspace has the same accuracy at every σ, to {reach:.4f}: shrinking changes no "
        f"order. Bands are two standard errors over {results.sizes['replicate']} replicates. "
        f"{made_of(results)}"
    ).strip()
