"""Lemma 1 at work: samples of three denoisers from the same noises, and how they part over σ."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN, GREEN, VERMILION, quoted

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
    left, right = below.subplots(1, 2, gridspec_kw={"width_ratios": (1.6, 1)})
    sigma = results["sigma"].values
    for pair, colour in zip(results["pair"].values, COLOURS, strict=True):
        one = results.sel(pair=pair)
        label = pair.replace("|", " – ")
        left.errorbar(
            sigma, one["apart"], yerr=2 * one["apart_se"], color=colour, marker="o", label=label
        )
    places = np.arange(results.sizes["pair"])
    for shift, (score, marker) in ((-0.12, ("pfd", "s")), (0.12, ("rp", "o"))):
        for place, colour in zip(places, COLOURS, strict=True):
            one = results.isel(pair=place)
            right.errorbar(
                float(one[score]), place + shift, xerr=2 * float(one[f"{score}_se"]),
                color=colour, marker=marker, ms=4,
            )  # fmt: skip
    right.plot([], [], "s", color="grey", label="PFD")
    right.plot([], [], "o", color="grey", label="RP")
    right.set_yticks(
        places, [pair.replace("|", "\n") for pair in results["pair"].values], fontsize=6
    )
    right.set_xlim(left=0)
    right.set_ylim(places[-1] + 0.5, -0.5)
    right.set_xlabel("PFD, RP")
    right.legend()
    left.set_xscale("log")
    left.set_xlabel("$\\sigma$")
    left.set_ylabel("distance of denoised images\n/ of an image to the mean")
    left.legend()
    return figure


def caption(results: xr.Dataset) -> str:
    """All pairs' distances."""
    parts = []
    for pair in results["pair"].values:
        one = results.sel(pair=pair)
        far, largest = one.isel(sigma=int(one["apart"].argmax("sigma"))), one.isel(sigma=-1)
        parts.append(
            f"{pair.replace('|', ' and ')}: PFD {quoted(one['pfd'], one['pfd_se'])}, RP "
            f"{quoted(one['rp'], one['rp_se'])} (chance {float(one['rp_chance']):.3f}), denoised "
            f"images furthest apart at σ = {float(far['sigma']):g} "
            f"({quoted(far['apart'], far['apart_se'])}), {float(largest['apart']):.2f} at σ = "
            f"{float(largest['sigma']):g}"
        )
    return (
        "Samples from the same noises, one a column: a trained network, a mixture of "
        f"{results.attrs['clusters']} Gaussians of rank {results.attrs['rank']}, and a Gaussian, "
        f"the last two fitted to the {results.attrs['images']} images that the network learned "
        "from. Below: root mean square distance between what two of them make of the same noisy "
        "held-out images, over that of an image to the mean image; and distances of samples. "
        f"{'; '.join(parts)}. τ = {results.attrs['threshold']:.3f}. Bars are two standard errors."
    )
