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
    axes.axhline(float(results["snr_formula"][0]), color=GREY, lw=0.6, ls=":")
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
    told = []
    for n in results["N"].values:
        mean = largest["snr"].sel(N=n).mean("replicate")
        top = mean.isel(sigma=int(mean.argmax("sigma")))
        told.append(f"N = {n:,} {float(top):.1f} at σ = {float(top['sigma']):g}")
    low = apart.where(apart["sigma"] <= LOW)
    accuracy = results["accuracy_exact"].sel(input="clean")
    reach = float(np.ptp(accuracy.values))
    return (
        "The exact denoiser lets most of a class's own subspace through at an intermediate noise "
        f"level: the ratio is {float(exact[0]):.2f} at the lowest σ, {float(peak):.1f} at σ = "
        f"{float(peak['sigma']):g} and {float(exact[-1]):.2f} at the highest. The formula, with "
        f"the mean weight of the class, is within {float(low.max()):.1%} up to σ = {LOW:g} and "
        f"{float(apart.max()):.0%} at worst. Yet the nearest subspace of what it makes of clean "
        f"points has the same accuracy at every σ, to {reach:.4f}: shrinking changes no order. "
        f"Students of {name} peak lower: {'; '.join(told)}. Bands are two standard errors."
    )
