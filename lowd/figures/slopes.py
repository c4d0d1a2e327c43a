"""How far the slope of log N* on log|θ| depends on seed, training length and teacher."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, GREY, quoted_slope
from lowd.figures.transition import RULES


def draw(studies: dict[str, xr.Dataset]) -> Figure:
    """One row a study, one marker a rule, with 95 % bootstrap intervals; ½ for comparison."""
    figure, axes = plt.subplots(figsize=(COLUMN, 0.9 + 0.32 * len(studies)))
    rows = np.arange(len(studies))[::-1]
    for rule, (label, colour, marker, offset) in RULES.items():
        slope, low, high = (
            np.array([float(results[f"slope_{rule}{end}"]) for results in studies.values()])
            for end in ("", "_low", "_high")
        )
        axes.errorbar(
            slope,
            rows - 10 * offset,
            xerr=np.clip([slope - low, high - slope], 0, None),
            fmt=marker,
            color=colour,
            elinewidth=1,
            label=label,
        )
    axes.axvline(0.5, color=GREY, ls=":")
    axes.set_yticks(rows, list(studies))
    axes.set_xlabel("slope of $\\log_2 N^\\ast$ on $\\log_2|\\theta|$")
    figure.legend(loc="outside upper left", ncols=3, columnspacing=1, handletextpad=0.3)
    return figure


def caption(studies: dict[str, xr.Dataset]) -> str:
    """Every slope of the rule E_gen = E_mem."""
    parts = [f"{name}, {quoted_slope(results, 'e')}" for name, results in studies.items()]
    return (
        "Slope of log₂ N* on log₂ |θ| by three rules; bars are 95 % bootstrap intervals over "
        f"models and replicates. E_gen = E_mem: {'; '.join(parts)}."
    )
