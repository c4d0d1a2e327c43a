"""The theorem on entropy under guidance, beside the solver; and one direction in closed form."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, BLUE, COLUMN, GREY, VERMILION, size_colours

COLOURS = (VERMILION, BLACK, BLUE)


def draw(results: xr.Dataset) -> Figure:
    """Left: entropy of random pairs over γ; right: standard deviation along one direction."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(2 * COLUMN, 2.6))
    weights, gaps = results["theory_weight"].values, results["entropy_gap"].values
    fine = np.linspace(0, weights[-1], 50)
    for pair, shade in enumerate(size_colours(np.argsort(np.argsort(gaps)).tolist())):
        left.plot(fine, -fine * gaps[pair], color=shade, lw=0.9)
        left.plot(weights, results["entropy_change"][pair], "o", color=shade, ms=3.5)
    left.set_xlabel("guidance weight $\\gamma$")
    left.set_ylabel("entropy less that of the class, nats")
    left.legend(
        handles=[
            Line2D([], [], color=GREY, lw=0.9, label="$-\\gamma(h_u-h_c)$"),
            Line2D([], [], color=GREY, ls="", marker="o", label="solver's flow map"),
        ]
    )
    for ratio, colour in zip(results["ratio"].values, COLOURS, strict=True):
        one = results.sel(ratio=ratio)
        right.plot(fine, ratio**0.5 * ratio ** (fine / 2), color=colour, lw=0.9)
        right.plot(weights, one["end_deviation"], "o", color=colour, ms=3.5)
        tilted = (1 + fine) / ratio - fine
        kept = tilted > 0
        right.plot(fine[kept], tilted[kept] ** -0.5, color=colour, ls="--", lw=0.9)
    right.set_yscale("log")
    right.set_xlabel("guidance weight $\\gamma$")
    right.set_ylabel("standard deviation at the end")
    right.set_ylim(5e-3, 10)
    handles = [
        Line2D([], [], color=colour, label=f"$\\lambda_c/\\lambda_u$ = {ratio:g}")
        for ratio, colour in zip(results["ratio"].values, COLOURS, strict=True)
    ]
    handles.append(Line2D([], [], color=GREY, ls="--", label="of $p_c^{1+\\gamma}p_u^{-\\gamma}$"))
    right.legend(handles=handles, loc="lower left", fontsize=6.5)
    return figure


def caption(results: xr.Dataset) -> str:
    """How exact it is."""
    weights = results["theory_weight"]
    apart = abs(results["entropy_change"] + weights * results["entropy_gap"])
    ratio = abs(results["end_deviation"] / results["closed_deviation"] - 1)
    narrow = results.sel(ratio=float(results["ratio"].min()))
    last = float(weights[-1])
    return (
        "Guidance between a class's Gaussian and all data's changes the entropy by −γ(h_u − h_c), "
        "whether their covariances commute or not.\n(a) "
        f"{results.sizes['pair']} random pairs in six dimensions: lines the theorem (Liouville's "
        "formula), dots ln|det| of the affine map that Heun's method makes with 256 levels; they "
        f"differ by at most {float(apart.sel(theory_weight=weights <= 1).max()):.3f} nats up to "
        f"γ = 1 and {float(apart.max()):.2f} at γ = {last:g}, the solver's error. (b) Along one "
        "direction with λ_u = 1 the flow ends with √λ_c (λ_c/λ_u)^(γ/2) (lines; dots the solver's, "
        f"within {float(ratio.max()):.1%}); the tilted density (dashed) is another: at γ = 1 and "
        f"λ_c = {float(narrow['ratio']):g} it has "
        f"{float(narrow['tilted_deviation'].sel(theory_weight=1)):.3f} where the flow ends at "
        f"{float(narrow['end_deviation'].sel(theory_weight=1)):.3f}."
    )
