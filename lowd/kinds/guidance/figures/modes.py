"""A class of two bumps, exactly guided: which is lost, and at which noise levels."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, BLUE, COLUMN, GREEN, GREY, VERMILION, band, quoted

SHOWN = (0.0, 1.0, 3.0, 7.0)
COLOURS = (BLACK, BLUE, VERMILION, GREEN)
LINES = ("-", "--", "-.", ":")
OTHERS = ((-1.4, 0.0), (-1.0, 0.8), (-1.0, -0.8))
"""Bumps of the other class."""


def draw(results: xr.Dataset) -> Figure:
    """Above samples at four weights, beside the other class; below shares over γ by interval."""
    figure = plt.figure(figsize=(COLUMN, 3.5))
    above, below = figure.subfigures(2, 1, height_ratios=(0.75, 2.6))  # type: ignore[misc]
    panels = above.subplots(1, len(SHOWN), sharex=True, sharey=True)
    for axes, weight in zip(panels, SHOWN, strict=True):
        x, y = results["mode_samples"].sel(theory_weight=weight).values.T
        axes.plot(x, y, ".", ms=0.8, color=BLUE, alpha=0.5, rasterized=True)
        axes.plot(*zip(*OTHERS, strict=True), "x", ms=4, color=GREY, ls="")
        axes.set_title(f"$\\gamma$ = {weight:g}", pad=2)
        axes.set(xticks=[], yticks=[], xlim=(-1.8, 2.5), ylim=(-1.2, 1.2))
        axes.set_aspect("equal")
    axes = below.subplots()
    for span, colour, line in zip(results["span"].values, COLOURS, LINES, strict=True):
        one = results.sel(span=span)
        band(
            axes, results["theory_weight"].values, one["near_share"], one["near_share_se"],
            share=True, color=colour, ls=line, marker="o", label=span,
        )  # fmt: skip
    axes.set_xlabel("guidance weight $\\gamma$")
    axes.set_ylabel("share in the bump near\nthe other class")
    axes.set_ylim(-0.02, max(0.6, 1.1 * float(results["near_share"].max())))
    below.legend(loc="outside lower center", ncols=4, title="guided at", fontsize=6.5)
    return figure


def caption(results: xr.Dataset) -> str:
    """How much is lost, by interval; nothing is invented."""
    told = []
    for span in results["span"].values:
        one = results.sel(span=span, theory_weight=SHOWN[-1])
        told.append(f"{span} {quoted(float(one['near_share']), float(one['near_share_se']))}")
    most = float(np.max(results["spurious"].values))
    return (
        "Guidance loses the bump of a class that lies near the other class, and invents none: at "
        f"most {most:.1%} of samples are in neither.\nAbove, "
        f"{results.sizes['mode_noise']} samples of a class of two bumps by the exact denoisers, at "
        "four weights; crosses are the centres of the other class. Below, the share in the near "
        f"bump over γ, guided in intervals of σ; at γ = {SHOWN[-1]:g} {', '.join(told)}. Neither: "
        "four standard deviations from both. Bands and ± are two standard errors over noises."
    )
