"""Guidance D_c − D_u at noisy held-out points, over σ: students' beside the exact one."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    centre_and_error,
    made_of,
)

EXACT = {
    "gaussian": ("linear: Gaussian of all", VERMILION, "-"),
    "mixture": ("exact: mixture of classes", BLACK, "--"),
}
PARTS = {
    "shift": ("mean shift", ORANGE),
    "positive": ("positive CPC", PURPLE),
    "negative": ("negative CPC", GREEN),
}

HIGH, LOW = 0.8, 0.6
"""Cosines that a caption calls by."""


def draw(results: xr.Dataset) -> Figure:
    """Left: cosine; middle: size of guidance; right: size of linear guidance's parts."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(2 * COLUMN, 2.55))
    sigma = results["sigma"].values
    for name, (label, colour, line) in EXACT.items():
        centre, error = centre_and_error(results.sel(exact=name), "cosine", "replicate")
        band(left, sigma, centre, error, color=colour, ls=line, marker="o", label=label)
        one = results.sel(exact=name)
        band(middle, sigma, one["norm"], one["norm_se"], color=colour, ls=line, label=label)
    centre, error = centre_and_error(results, "student_norm", "replicate")
    band(middle, sigma, centre, error, color=BLUE, marker="o", label="students")
    for part, (label, colour) in PARTS.items():
        one = results.sel(part=part)
        if float(one["part_norm"].max()) > 0:
            band(right, sigma, one["part_norm"], one["part_norm_se"], color=colour, label=label)
    left.set_ylabel("cosine with students' guidance")
    left.set_ylim(-0.05, 1.03)
    middle.set_ylabel("root mean square of guidance")
    right.set_ylabel("of each part of the linear one")
    for axes in (left, middle, right):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("$\\sigma$")
    for axes in (middle, right):
        axes.set_ylim(bottom=0)
    handles = [*middle.get_legend_handles_labels()[0], *right.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=6.5)
    return figure


def caption(results: xr.Dataset) -> str:
    """Where they agree, and which part is the largest there."""
    largest = results["part_norm"].idxmax("part")
    shares = [
        f"{PARTS[str(part)][0]} at σ = {', '.join(f'{s:g}' for s in own['sigma'].values)}"
        for part, own in largest.groupby(largest)
    ]
    cosine = results["cosine"].sel(exact="gaussian").mean("replicate")
    sigmas = cosine["sigma"].values
    high, low = (
        ", ".join(f"{each:g}" for each in sigmas[hit]) or "none"
        for hit in (cosine.values >= HIGH, cosine.values < LOW)
    )
    return (
        "The cosine of students' guidance D_c − D_u with linear guidance is at least "
        f"{HIGH:g} at σ = {high} and below {LOW:g} at σ = {low}.\n(a) Mean cosine with that "
        "between a class's Gaussian and the Gaussian of all, and with that of the exact mixture. "
        "(b) Root mean square of guidance, per point. (c) That of the linear one's three parts; "
        f"the largest is the {'; the '.join(shares)}. At {results.attrs['held_out']} held-out "
        f"points with noise; bands are two standard errors over points and "
        f"{results.sizes['replicate']} students. {made_of(results)}"
    ).strip()
