"""Intrinsic dimension by maximum likelihood against the number of neighbours, by both divisors."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, GREY, size_colours

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
    """Every estimate with one cluster."""
    parts = []
    one = results.isel(study=(results["clusters"] == 1).values).sortby("rank")
    for study in one["study"].values:
        cells = one.sel(study=study)
        by = []
        for divisor in LINES:
            values = cells["dimension"].sel(divisor=divisor).values
            by.append(f"{', '.join(f'{value:.1f}' for value in values)} ({divisor})")
        known = np.isfinite(cells["rank"])
        name = study if known else f"{study} (the images, not the teacher's samples)"
        parts.append(f"{name}: {' and '.join(by)}, two-NN {float(cells['two_nn']):.1f}")
    ks = ", ".join(map(str, results["neighbours"].values))
    return (
        "Intrinsic dimension by maximum likelihood (Levina and Bickel, inverses averaged) with the "
        f"divisors k − 1 and k − 2, for k = {ks}, and by two-NN (scikit-dimension); dotted: the "
        f"true rank. {'; '.join(parts)}. Bars are two standard errors, as if points were "
        "independent."
    )
