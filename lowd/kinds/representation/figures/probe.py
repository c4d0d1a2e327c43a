"""Accuracy of probes over σ: students of growing N, untrained networks, and points themselves."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes
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

TITLES = {"clean": "features of clean points", "noisy": "features of noisy points"}


def draw(results: xr.Dataset) -> Figure:
    """The largest model; a panel an input, a curve an N, darker for more."""
    figure, panels = plt.subplots(1, 2, figsize=(2 * COLUMN, 2.75), sharex=True, sharey=True)
    largest, _ = extremes(results)
    for axes, (name, title) in zip(panels, TITLES.items(), strict=True):
        _curves(axes, largest.sel(input=name))
        axes.axhline(1 / results.attrs["classes"], color=GREY, lw=0.6, ls=":")
        axes.set_xlabel("$\\sigma$")
        axes.set_title(title)
    # The peaks at clean points are low beside what networks and points are apart.
    inset = panels[0].inset_axes((0.1, 0.31, 0.56, 0.38))
    clean = largest.sel(input="clean")
    _curves(inset, clean)
    peaks = clean["accuracy"].mean("replicate").max("sigma")
    inset.set_ylim(float(peaks.min()) - 0.035, float(peaks.max()) + 0.02)
    inset.set_xlim(right=float(clean["sigma"][-2]))
    inset.tick_params(labelsize=6)
    panels[0].set_ylabel("accuracy")
    handles = panels[0].get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _curves(axes: Axes, one: xr.Dataset) -> None:
    """Students by N, untrained networks, the points, and the exact denoiser if there is one."""
    sigma, sizes = one["sigma"].values, one["N"].values
    for n, colour in zip(sizes, size_colours(sizes.tolist()), strict=True):
        centre, error = centre_and_error(one.sel(N=n), "accuracy", "replicate")
        band(axes, sigma, centre, error, color=colour, marker="o", label=f"N = {n:,}")
    centre, error = centre_and_error(one, "accuracy_untrained", "untrained")
    band(axes, sigma, centre, error, color=GREY, ls="--", label="untrained")
    band(
        axes, sigma, one["accuracy_raw"], one["accuracy_raw_se"], color=VERMILION, ls=":", lw=1.1,
        label="points, no network",
    )  # fmt: skip
    if "accuracy_exact" in one:
        axes.plot(
            sigma, one["accuracy_exact"], color=BLACK, ls="-.", lw=0.9,
            label="exact denoiser, nearest subspace",
        )  # fmt: skip
    axes.set_xscale("log")


def caption(results: xr.Dataset) -> str:
    """Where each curve peaks, and the controls there."""
    largest, name = extremes(results)
    clean = largest.sel(input="clean")
    told = []
    for n in clean["N"].values:
        centre, error = centre_and_error(clean.sel(N=n), "accuracy", "replicate")
        told.append(f"N = {n:,} {_ends(centre, error)}")
    centre, error = centre_and_error(clean, "accuracy_untrained", "untrained")
    told.append(f"untrained {_ends(centre, error)}")
    given = (
        f"{results.attrs['labels']} labels a class, means over {results.attrs['draws']} draws of "
        "them"
        if results.attrs["labels"]
        else f"{results.attrs['fitted']:,} labelled points"
    )
    kind = {"ridge": "Least squares with a ridge", "neighbours": "The nearest neighbours' votes"}
    return (
        f"{kind[results.attrs['probe']]} on the {results.attrs['layer']} layer of {name}, fitted "
        f"to {given} and tested on {results.attrs['tested']:,}. Accuracy at clean points at the "
        f"lowest σ, at its peak and at the highest: {'; '.join(told)}. The points themselves give "
        f"{float(clean['accuracy_raw'][0]):.3f}; chance is {1 / results.attrs['classes']:.3f}. "
        f"Means over {results.sizes['replicate']} replicates, and {results.sizes['untrained']} "
        "untrained networks; bands and ± are two standard errors."
    )


def _ends(centre: xr.DataArray, error: xr.DataArray) -> str:
    peak = int(centre.argmax("sigma"))
    places = (0, peak, -1)
    values = ", ".join(f"{float(centre[at]):.3f} ± {2 * float(error[at]):.3f}" for at in places)
    return f"{values} (peak at σ = {float(centre['sigma'][peak]):g})"
