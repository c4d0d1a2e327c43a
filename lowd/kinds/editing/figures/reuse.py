"""Edits made together, one after the other, and on other images."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, GREY, ORANGE, PURPLE, VERMILION, listed, quoted
from lowd.kinds.editing.drawing import STARTS, label, middle_strength

TOGETHER = {
    "compose_residual": ("at once, against the sum", VERMILION, "o"),
    "then_residual": ("one after the other", ORANGE, "s"),
    "round_trip": ("inversion alone", GREY, "^"),
}
CARRIED = {
    "transfer_locality": "share inside",
    "transfer_cosine": "cosine with\nits effect at home",
    "transfer_gain": "size, over that of\nthe image's own edit",
}


def draw(results: xr.Dataset) -> Figure:
    """Left what is lost by composing, over σ; right what another image's direction does."""
    one = results.isel(denoiser=0, start=0)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(2 * COLUMN, 2.6), gridspec_kw={"width_ratios": (1, 1.35)}
    )
    places = np.arange(one.sizes["sigma"])
    for shift, (name, (text, colour, marker)) in zip(
        (-0.12, 0, 0.12), TOGETHER.items(), strict=True
    ):
        left.errorbar(
            places + shift, one[name], yerr=2 * one[f"{name}_se"], ls="", marker=marker, ms=5,
            color=colour, label=text,
        )  # fmt: skip
    left.set_xticks(places, [f"{sigma:g}" for sigma in one["sigma"].values])
    left.set_xlim(-0.5, places[-1] + 0.5)
    left.set_ylim(bottom=0)
    left.set_xlabel("$\\sigma$")
    left.set_ylabel("residual / size of the edit")
    left.legend(loc="upper left")
    _carried(right, one)
    return figure


def _carried(axes: Axes, one: xr.Dataset) -> None:
    local, random = one["carried"].values
    places = np.arange(len(CARRIED))
    count = one.sizes["sigma"]
    width = 0.8 / (2 * count)
    for at, sigma in enumerate(one["sigma"].values):
        for which, (name, colour) in enumerate(((local, VERMILION), (random, PURPLE))):
            point = one.sel(sigma=sigma, carried=name)
            values = [float(point[score]) for score in CARRIED]
            errors = [2 * float(point[f"{score}_se"]) for score in CARRIED]
            axes.errorbar(
                places + (which * count + at - count + 0.5) * width, values, yerr=errors, ls="",
                marker="osD^v"[at % 5], color=colour, ms=5,
                label=f"{label(name)}, $\\sigma$ = {sigma:g}",
            )  # fmt: skip
    axes.set_xticks(places, list(CARRIED.values()))
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.grid(False, axis="x")
    axes.legend(loc="upper left")


def caption(results: xr.Dataset) -> str:
    """All numbers shown."""
    one = results.isel(denoiser=0, start=0)
    local, random = one["carried"].values
    parts, sums = [], []
    for sigma in one["sigma"].values:
        at = one.sel(sigma=sigma)
        inside = [
            quoted(to["transfer_locality"], to["transfer_locality_se"])
            for name in (local, random)
            for to in [at.sel(carried=name)]
        ]
        sums.append(f"{quoted(at['compose_residual'], at['compose_residual_se'])} at σ = {sigma:g}")
        parts.append(f"at σ = {sigma:g} {inside[0]} and {inside[1]}")
    ends = slice(None, None, max(1, len(sums) - 1))
    return (
        f"The sum of two edits is off by {listed(sums[ends])} of their size.\n(a) Two edits of "
        "different regions made at once against the sum of their effects, and against one after "
        "the other, the edited image inverted in between, beside inversion alone. (b) "
        f"An edit carried to another image ({label(local)}), beside a random direction: "
        "how much lies in the region, how like its effect is to that on its own image, how big. "
        f"Shares inside of both: {'; '.join(parts[ends])}. λ = "
        f"{middle_strength(results):g}σ, means over {results.attrs['images']} "
        f"{STARTS[str(one['start'].item())]}, bars and ± two standard errors."
    ).strip()
