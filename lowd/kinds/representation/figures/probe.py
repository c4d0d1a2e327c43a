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
    made_of,
    size_colours,
)

TITLES = {"clean": "features of clean points", "noisy": "features of noisy points"}


def draw(results: xr.Dataset) -> Figure:
    """The largest model; a panel an input, a curve an N, darker for more."""
    figure, panels = plt.subplots(1, 2, figsize=(2 * COLUMN, 2.75), sharex=True, sharey=True)
    largest, _ = extremes(results)
    for axes, (name, title) in zip(panels, TITLES.items(), strict=True):
        _curves(axes, largest.sel(input=name))
        axes.axhline(1 / results.attrs["classes"], color=GREY, lw=0.6, ls=":", label="chance")
        axes.set_xlabel("$\\sigma$")
        axes.set_title(title)
    # The peaks at clean points are low beside what networks and points are apart.
    inset = panels[0].inset_axes((0.1, 0.38, 0.56, 0.33))
    clean = largest.sel(input="clean")
    _curves(inset, clean)
    peaks = clean["accuracy"].mean("replicate").max("sigma")
    inset.set_ylim(float(peaks.min()) - 0.035, float(peaks.max()) + 0.02)
    inset.set_xlim(right=float(clean["sigma"][-2]))
    inset.tick_params(labelsize=6.5)
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
    peaks = []
    for n in clean["N"].values:
        centre, error = centre_and_error(clean.sel(N=n), "accuracy", "replicate")
        peaks.append((float(centre.max()), f"N = {n:,} {_peak(centre, error)}"))
    untrained = _peak(*centre_and_error(clean, "accuracy_untrained", "untrained"))
    given = (
        f"{results.attrs['labels']} labels a class, means over {results.attrs['draws']} draws of "
        "them"
        if results.attrs["labels"]
        else f"{results.attrs['fitted']:,} labelled points"
    )
    kind = {"ridge": "Least squares with a ridge", "neighbours": "The nearest neighbours' votes"}
    return (
        f"Probes of {name} peak at an accuracy of {min(peaks)[0]:.3f} to {max(peaks)[0]:.3f}, "
        f"where the points themselves give {float(clean['accuracy_raw'][0]):.3f}.\n"
        f"{kind[results.attrs['probe']]} on the {results.attrs['layer']} layer, fitted to {given} "
        f"and tested on {results.attrs['tested']:,}, against the noise level σ at which the layer "
        "is read, (a) of clean and (b) of noisy points; the inset enlarges the peaks. Peaks at "
        f"clean points: {'; '.join(told for _, told in peaks)}; untrained {untrained}. Dotted: "
        f"chance, {1 / results.attrs['classes']:.3f}. Means over {results.sizes['replicate']} "
        f"replicates, and {results.sizes['untrained']} untrained networks; bands and ± are two "
        f"standard errors. {made_of(results)}"
    ).strip()


def _peak(centre: xr.DataArray, error: xr.DataArray) -> str:
    at = int(centre.argmax("sigma"))
    sigma = float(centre["sigma"][at])
    return f"{float(centre[at]):.3f} ± {2 * float(error[at]):.3f} at σ = {sigma:g}"
