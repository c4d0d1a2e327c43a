"""How far a denoiser is linear, and what the end of sampling keeps of a step."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lowd.figures.style import (
    BLACK,
    COLUMN,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    quoted,
    size_colours,
)
from lowd.kinds.editing.drawing import STARTS, label, middle_strength, of_kind

SIGNS = {
    "asymmetry": ("‖J − Jᵀ‖ / ‖J‖", VERMILION, "o"),
    "negative": ("negative part", ORANGE, "s"),
    "to_gaussian": ("distance to Gaussian's", BLACK, "^"),
    "overlap": ("overlap of two images", GREEN, "D"),
}


def draw(results: xr.Dataset) -> Figure:
    """Above a panel a σ, residuals over distance; below gains at the end, and signs of J."""
    one = results.isel(denoiser=0, start=0)
    figure = plt.figure(figsize=(2 * COLUMN, 5.0))
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.25))  # type: ignore[misc]
    panels = above.subplots(1, one.sizes["sigma"], sharey=True, squeeze=False)[0]
    singular = of_kind(one, "singular")
    colours = dict(zip(singular, size_colours(range(len(singular), 0, -1)), strict=True))
    for axes, sigma in zip(panels, one["sigma"].values, strict=True):
        _residuals(axes, one.sel(sigma=sigma), colours)
        axes.set_title(f"$\\sigma$ = {sigma:g}")
    panels[0].set_ylabel("residual of $\\lambda Jv$")
    panels[0].legend(loc="upper left")
    left, right = below.subplots(1, 2)
    _gains(left, one, singular)
    _signs(right, one)
    return figure


def _residuals(axes: Axes, one: xr.Dataset, colours: Mapping[str, object]) -> None:
    for name, colour in {"random": GREY, **colours}.items():
        line = one.sel(direction=name)
        axes.errorbar(
            one["strength"], line["residual"], yerr=2 * line["residual_se"],
            color=colour, marker="o", label=label(name),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(one["strength"].values, [f"{s:g}" for s in one["strength"].values])
    axes.minorticks_off()
    axes.set_xlabel("$\\lambda/\\sigma$")


def _gains(axes: Axes, one: xr.Dataset, singular: list[str]) -> None:
    """Of the smallest step, lest what is not linear counts."""
    points = one.sel(direction=singular).isel(strength=0)
    for sigma, colour in zip(
        one["sigma"].values, size_colours(range(one.sizes["sigma"])), strict=True
    ):
        at = points.sel(sigma=sigma)
        axes.errorbar(
            at["gain"], at["end_gain"], xerr=2 * at["gain_se"], yerr=2 * at["end_gain_se"],
            ls="", marker="o", color=colour, label=f"$\\sigma$ = {sigma:g}",
        )  # fmt: skip
    low = max(1e-4, float(points["gain"].where(points["gain"] > 0).min()) / 2)
    scale = np.geomspace(low, max(1.5, float(points["gain"].max())), 50)
    axes.plot(scale, scale, color=GREY, ls=":", label="$s$")
    axes.plot(scale, np.sqrt(scale), color=GREY, ls="--", label="$\\sqrt{s}$, a Gaussian's")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(left=low)
    axes.set_ylim(bottom=low)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("singular value $s$ of $J$")
    axes.set_ylabel("gain at the end of sampling")
    axes.legend()


def _signs(axes: Axes, one: xr.Dataset) -> None:
    for name, (text, colour, marker) in SIGNS.items():
        if name in one:
            axes.errorbar(
                one["sigma"], one[name], yerr=2 * one[f"{name}_se"], color=colour, marker=marker,
                label=text,
            )  # fmt: skip
    axes.axhline(float(one["overlap_chance"].max()), color=GREEN, ls=":", label="overlap by chance")
    axes.set_xscale("log")
    axes.set_xticks(one["sigma"].values, [f"{s:g}" for s in one["sigma"].values])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_ylabel("relative size, or share")
    axes.set_xlabel("$\\sigma$")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)


def caption(results: xr.Dataset) -> str:
    """Residuals at the strength in the middle, gains of the last direction, and signs."""
    one = results.isel(denoiser=0, start=0)
    strength = middle_strength(results)
    parts = []
    for sigma in one["sigma"].values[[0, -1]] if one.sizes["sigma"] > 1 else one["sigma"].values:
        far = one.sel(sigma=sigma, strength=strength)
        told = [
            quoted(far[name].sel(direction=way), far[f"{name}_se"].sel(direction=way))
            for name, way in (("residual", "singular-1"), ("residual", "random"))
        ]
        parts.append(f"at σ = {sigma:g} {told[0]} along v₁ and {told[1]} at random")
    return (
        f"{_found(one)}\nAbove, ‖D(x + λv) − D(x) − λJv‖/‖λJv‖ against the distance: at "
        f"{strength:g}σ {'; '.join(parts)}. Below left, what the end of sampling keeps of a small "
        "step along v_i, against what the denoised image keeps, its singular value. Right, signs "
        "that a network is no exact denoiser, whose J is symmetric and positive; how far J is from "
        "that of the Gaussian of the same moments; overlap of two images' directions. "
        "Means over "
        f"{results.attrs['images']} {STARTS[str(one['start'].item())]}, bars and ± two standard "
        f"errors."
    ).strip()


def _found(one: xr.Dataset) -> str:
    """Whether random directions flatter the test of linearity."""
    far = one.sel(strength=middle_strength(one))
    random, first = (far.sel(direction=name) for name in ("random", "singular-1"))
    apart = first["residual"] - random["residual"]
    error = (first["residual_se"] ** 2 + random["residual_se"] ** 2) ** 0.5
    if bool((apart > 2 * error).all()):
        return (
            "The denoiser is linear about a point further along random directions than along the "
            "one that it keeps most."
        )
    return "How far the denoiser is linear about a point depends on the direction and on σ."
