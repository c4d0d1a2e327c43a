"""Lemma 1 at work: samples of three denoisers from the same noises, and how they part over σ."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN, GREEN, VERMILION, listed, made_of, quoted

COLOURS = (BLUE, GREEN, VERMILION)


def draw(results: xr.Dataset) -> Figure:
    """Above a row of samples a denoiser, one noise a column; below their distances over σ."""
    rows, columns = results.sizes["denoiser"], results.sizes["shown"]
    figure = plt.figure(figsize=(2 * COLUMN, 3.9))
    above, below = figure.subfigures(2, 1, height_ratios=(1.55, 2.1))  # type: ignore[misc]
    panels = above.subplots(
        rows, columns, squeeze=False, gridspec_kw={"wspace": 0.04, "hspace": 0.04}
    )
    for line, name in zip(panels, results["denoiser"].values, strict=True):
        for axes, image in zip(line, results["samples"].sel(denoiser=name).values, strict=True):
            pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
            axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_axis_off()
        line[0].text(
            -0.15, 0.5, name, ha="right", va="center", transform=line[0].transAxes, fontsize=7
        )
    left, *right = below.subplots(1, 3, gridspec_kw={"width_ratios": (1.7, 0.7, 0.7)})
    _apart(left, results)
    for axes, score, label in zip(
        right, ("pfd", "rp"), ("PFD, descriptor units", "RP"), strict=True
    ):
        _pairs(axes, results, score)
        axes.set_xlabel(label)
    right[1].tick_params(labelleft=False)
    right[1].set_xlim(0, 1)
    return figure


def _apart(axes: Axes, results: xr.Dataset) -> None:
    """How far denoised images are apart over σ, pair by pair."""
    for pair, colour in zip(results["pair"].values, COLOURS, strict=True):
        one = results.sel(pair=pair)
        axes.errorbar(
            results["sigma"].values, one["apart"], yerr=2 * one["apart_se"], color=colour,
            marker="o", label=pair.replace("|", " – "),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlabel("$\\sigma$")
    axes.set_ylabel("distance of denoised images,\nin units of the images' spread")
    axes.legend()


def _pairs(axes: Axes, results: xr.Dataset, score: str) -> None:
    places = np.arange(results.sizes["pair"])
    for place, colour in zip(places, COLOURS, strict=True):
        one = results.isel(pair=place)
        axes.errorbar(
            float(one[score]), place, xerr=2 * float(one[f"{score}_se"]), color=colour, marker="o",
            ms=4,
        )  # fmt: skip
    names = [pair.replace("|", "\n") for pair in results["pair"].values]
    axes.set_yticks(places, names, fontsize=6.5)
    axes.set_xlim(0, 1.15 * float((results[score] + 2 * results[f"{score}_se"]).max()))
    axes.set_ylim(places[-1] + 0.5, -0.5)


def caption(results: xr.Dataset) -> str:
    """Which of both closed forms is nearer to the network, and where they part most."""
    pairs = {pair.replace("|", " and "): results.sel(pair=pair) for pair in results["pair"].values}
    first = [name for name in pairs if name.startswith("network")]
    told = [f"RP of {name} is {quoted(pairs[name]['rp'], pairs[name]['rp_se'])}" for name in first]
    far = [
        f"{float(results['sigma'][int(one['apart'].argmax('sigma'))]):g}" for one in pairs.values()
    ]
    most = listed(list(dict.fromkeys(far)))
    chance = float(results["rp_chance"].max())
    return (
        f"{listed(told)[:1].upper()}{listed(told)[1:]}.\nAbove, samples from the same noises, one "
        f"a column: a trained network, a mixture of {results.attrs['clusters']} Gaussians of rank "
        f"{results.attrs['rank']}, and one Gaussian, both fitted to the "
        f"{results.attrs['images']:,} images that the network learned from. (a) Root mean square "
        "distance between what two make of the same noisy held-out images, over that of an image "
        f"to the mean image; they are furthest apart at σ = {most}. (b) PFD and (c) RP of "
        f"samples (chance at most {chance:.3f}, τ = {results.attrs['threshold']:.3f}). Bars and ± "
        f"are two standard errors. {made_of(results)}"
    ).strip()
