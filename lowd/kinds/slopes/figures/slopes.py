"""How far the slope of log N* on log|θ| depends on seed, training length and teacher."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.intervals import SIZES, has_interval, told_resampling, told_slope
from lowd.figures.rules import RULES
from lowd.figures.style import COLUMN, GREY, extremes


def draw(studies: dict[str, xr.Dataset]) -> Figure:
    """One row a study, one marker a rule, with its interval where it has one; ½ to compare."""
    figure, axes = plt.subplots(figsize=(COLUMN, 0.9 + 0.32 * len(studies)))
    rows = np.arange(len(studies))[::-1]
    for rule, (label, colour, marker, offset) in RULES.items():
        slope, low, high = (
            np.array([float(results[f"slope_{rule}{end}"]) for results in studies.values()])
            for end in ("", "_low", "_high")
        )
        shown = np.array([has_interval(results, rule) for results in studies.values()])
        axes.errorbar(
            slope,
            rows - 10 * offset,
            xerr=np.where(shown, np.clip([slope - low, high - slope], 0, None), np.nan),
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
    """Every slope of the rule E_gen = E_mem, and where that is no way to generalisation."""
    parts = [
        f"{name}, {told_slope(results, 'e')}{told_resampling(results, 'e')}"
        for name, results in studies.items()
    ]
    return (
        "Slope of log₂ N* on log₂ |θ| by three rules; bars, of slopes from at least "
        f"{SIZES} sizes, are 95 % bootstrap intervals over models and replicates. E_gen = E_mem: "
        f"{'; '.join(parts)}. Each slope is that of its study's networks, steps and learning rate."
        f"{''.join(_unlearnt(name, results) for name, results in studies.items())}"
    )


def _unlearnt(name: str, results: xr.Dataset) -> str:
    """Where the largest model never comes nearer to the teacher than pure memorisation does."""
    largest, model = extremes(results)
    least = float(largest["e_gen"].mean("replicate").min())
    memorised = float(largest["e_emp"].mean("replicate").isel(N=-1))
    if not least >= memorised:
        return ""
    return (
        f" In {name} even {model} never comes nearer to the teacher than memorising the largest "
        f"training set would: its least E_gen is {least:.2f}, E_emp there {memorised:.2f}, so that "
        "N* is no transition to generalisation."
    )
