"""Intrinsic dimension by maximum likelihood against the number of neighbours, by both divisors."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, GREY, listed, size_colours

LINES = {"k-1": "-", "k-2": "--"}


def draw(results: xr.Dataset) -> Figure:
    """A colour a dimension; dotted where it is known; crosses are two-NN's estimate."""
    figure, axes = plt.subplots(figsize=(COLUMN, 3.2))
    neighbours = results["neighbours"].values
    one = results.isel(study=(results["clusters"] == 1).values).sortby("rank")
    known = one["rank"].dropna("study").values
    colours: list[Any] = [
        *size_colours(known.astype(int).tolist()),
        *[BLACK] * (one.sizes["study"] - len(known)),
    ]
    handles = []
    for study, colour in zip(one["study"].values, colours, strict=True):
        cells = one.sel(study=study)
        for divisor, line in LINES.items():
            values = cells.sel(divisor=divisor)
            axes.errorbar(
                neighbours, values["dimension"], yerr=2 * values["dimension_se"], color=colour,
                ls=line, marker=".", elinewidth=0.8,
            )  # fmt: skip
        axes.plot(neighbours[0] * 0.85, cells["two_nn"], "x", color=colour, ms=5)
        rank = float(cells["rank"])
        if np.isfinite(rank):
            axes.axhline(rank, color=colour, ls=":", lw=0.8)
        label = f"$r={rank:.0f}$" if np.isfinite(rank) else str(study)
        handles.append(Line2D([], [], color=colour, label=label))
    axes.set_xscale("log")
    axes.set_xticks(neighbours, [str(k) for k in neighbours])
    axes.minorticks_off()
    axes.set_xlabel("neighbours $k$")
    axes.set_ylabel("intrinsic dimension")
    handles += [
        Line2D([], [], color=GREY, ls=ls, label=f"divisor ${d}$") for d, ls in LINES.items()
    ]
    handles.append(Line2D([], [], color=GREY, marker="x", ls="", label="two-NN"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def caption(results: xr.Dataset) -> str:
    """How far estimates are off where the rank is known, and what they are where it is not."""
    one = results.isel(study=(results["clusters"] == 1).values).sortby("rank")
    neighbours = int(results["neighbours"].max())
    estimates = one["dimension"].sel(neighbours=neighbours, divisor="k-1")
    known = one["rank"].notnull().values
    ranks = one["rank"].values[known]
    off = estimates.values[known] / ranks - 1
    images = [
        f"{value:.1f} of {study}"
        for study, value in zip(one["study"].values[~known], estimates.values[~known], strict=True)
    ]
    told = f"; for images it is {listed(images)}" if images else ""
    found = (
        f"is {off.min():+.0%} to {off.max():+.0%} off the true ranks {ranks[0]:.0f} to "
        f"{ranks[-1]:.0f}"
        if len(ranks)
        else "was estimated"
    )
    real = " Of images, these are real ones and not the teacher's samples." if images else ""
    return (
        f"Intrinsic dimension, by {neighbours} neighbours, {found}{told}.\nMaximum likelihood "
        "(Levina and Bickel, inverses averaged) against the number k of neighbours, with the "
        "divisors k − 1 and k − 2; crosses, at the left: two-NN (scikit-dimension); dotted: the "
        f"true rank, of data of one cluster.{real} Bars are two standard errors, as if "
        "points were independent."
    )
