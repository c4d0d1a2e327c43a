"""Rank of denoisers' Jacobians over the signal-to-noise ratio, beside the theory."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, GREY, quoted, size_colours

LINES = ("-", "--", ":", "-.")


def draw(results: xr.Dataset) -> Figure:
    """A panel a study: the teacher in black, students coloured by N, a line style a model."""
    studies = list(dict.fromkeys(results["study"].values.tolist()))
    figure, panels = plt.subplots(
        1, len(studies), figsize=(2 * COLUMN, 3.5), sharey=True, squeeze=False
    )
    ratio = 1 / results["sigma"].values
    for axes, study in zip(panels[0], studies, strict=True):
        one = results.isel(denoiser=(results["study"] == study).values)
        sizes = sorted({int(n) for n in one["N"].values if n})
        colours = dict(zip(sizes, size_colours(sizes), strict=True))
        models = [m for m in dict.fromkeys(one["model"].values.tolist()) if m != "teacher"]
        for index in range(one.sizes["denoiser"]):
            cells = one.isel(denoiser=index)
            n, model = int(cells["N"]), cells["model"].item()
            colour = colours[n] if n else BLACK
            line = LINES[models.index(model) % len(LINES)] if n else "-"
            axes.errorbar(
                ratio, cells["rank"], yerr=2 * cells["rank_se"], color=colour, ls=line,
                lw=1.8 if not n else 0.9, elinewidth=0.6,
            )  # fmt: skip
        for edge in ("lower", "upper"):
            level = float(one[edge][0])
            if np.isfinite(level):
                axes.axhline(level, color=GREY, ls=(0, (1, 1)), lw=0.9)
        axes.set_xscale("log")
        axes.set_xlabel(f"$1/\\sigma$\n{study}")
        handles = [Line2D([], [], color=c, label=f"$N={n}$") for n, c in colours.items()]
        handles += [
            Line2D([], [], color=GREY, ls=LINES[i % len(LINES)], label=model)
            for i, model in enumerate(models)
        ]
        axes.legend(
            handles=handles, fontsize=5.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.28)
        )
    panels[0, 0].set_ylabel("rank$_{.99}$ of the Jacobian / $d$")
    panels[0, 0].set_ylim(0, 1.02)
    return figure


def caption(results: xr.Dataset) -> str:
    """Ranks of the teacher and of students of the least and most data, beside theory."""
    parts = []
    low, high = float(results["sigma"].min()), float(results["sigma"].max())
    for index in range(results.sizes["denoiser"]):
        one = results.isel(denoiser=index)
        if one["model"].item() == "teacher" or int(one["N"]) in _ends(results, one):
            ends = [
                quoted(one["rank"].sel(sigma=sigma), one["rank_se"].sel(sigma=sigma))
                for sigma in (low, high)
            ]
            least = float(one["rank"].min())
            parts.append(f"{one['denoiser'].item()}: {' and '.join(ends)}, at least {least:.2f}")
    theory = [
        f"{study}: {float(one['lower']):.2f} to {float(one['upper']):.2f}"
        for study in dict.fromkeys(results["study"].values.tolist())
        for one in [results.isel(denoiser=(results["study"] == study).values).isel(denoiser=0)]
        if np.isfinite(one["lower"])
    ]
    return (
        "Share of directions that a denoiser's Jacobian keeps, rank_.99 over the dimension, "
        "against 1/σ, means over points of the pool, bars two standard errors; black: the teacher. "
        "Dotted: r/d and K·r/d, which theory predicts at low and at high noise "
        f"({'; '.join(theory)}). At σ = {low:g} and {high:g}, and the least in between: "
        f"{'; '.join(parts)}."
    )


def _ends(results: xr.Dataset, one: xr.Dataset) -> tuple[int, int]:
    """The smallest and the largest N of a denoiser's study."""
    same = results.isel(denoiser=(results["study"] == one["study"]).values)
    sizes = same["N"].values[same["N"].values > 0]
    return int(sizes.min()), int(sizes.max())
