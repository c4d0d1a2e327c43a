"""E_gen and E_mem against log₂ N, and against log₂(N/√|θ|), where crossings meet (Finding I)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import told_bands
from lowd.figures.style import (
    BLACK,
    COLUMN,
    band,
    centre_and_error,
    ends,
    extremes,
    quoted,
    size_colours,
    size_legend,
)


def draw(results: xr.Dataset) -> Figure:
    """Columns: E_gen, E_mem; rows: the two horizontal axes; E_emp beside E_gen.

    E_emp knows no |θ|: rescaled, it is drawn for the smallest and for the largest model.
    """
    figure, panels = plt.subplots(2, 2, figsize=(2 * COLUMN, 4.2), sharey=True)
    log2_n = np.log2(results["N"].values)
    parameters = results["parameters"].values.tolist()
    scores = {name: centre_and_error(results, name, "replicate") for name in ("e_gen", "e_mem")}
    for row, rescaled in enumerate((False, True)):
        for axes, (name, (centre, error)) in zip(panels[row], scores.items(), strict=True):
            for index, colour in enumerate(size_colours(parameters)):
                shift = np.log2(parameters[index]) / 2 if rescaled else 0
                band(axes, log2_n - shift, centre[index], error[index], color=colour, marker="o")
            if name == "e_gen":
                emp = centre_and_error(results, "e_emp", "replicate")
                for shift in np.log2([min(parameters), max(parameters)]) / 2 if rescaled else [0]:
                    band(axes, log2_n - shift, *emp, color=BLACK, ls="--", lw=0.9)
            axes.set_xlabel("$\\log_2(N/\\sqrt{|\\theta|})$" if rescaled else "$\\log_2 N$")
            symbol = "gen" if name == "e_gen" else "mem"
            axes.set_ylabel(f"$\\mathcal{{E}}_{{{symbol}}}$")
            axes.yaxis.set_tick_params(labelleft=True)
    panels[0, 0].set_ylim(bottom=0)
    handles = [
        *size_legend(parameters),
        Line2D([], [], color=BLACK, ls="--", label="$\\mathcal{E}_{emp}$: pure memorisation"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title="$|\\theta|$")
    return figure


def caption(results: xr.Dataset) -> str:
    """Both errors of the largest model at both ends, and what of the sizes collapses."""
    largest, name = extremes(results)
    parts = []
    for index in ends(results):
        numbers = []
        for symbol, key in (("E_gen", "e_gen"), ("E_mem", "e_mem"), ("E_emp", "e_emp")):
            centre, error = centre_and_error(largest, key, "replicate")
            numbers.append(f"{symbol} = {quoted(centre[index], error[index])}")
        gaps = zip(largest["e_gap"][index].values, largest["e_gap_se"][index].values, strict=True)
        parts.append(
            f"at N = {results['N'].values[index]} {', '.join(numbers)}, and E_gen − E_mem in each "
            f"replicate, over noises: {', '.join(quoted(*gap) for gap in gaps)}"
        )
    before, after = float(results["spread_e"]), float(results["rescaled_spread_e"])
    collapse = (
        "Fewer than two sizes cross, so nothing is said of how N* moves with √|θ|."
        if np.isnan(results["slope_e"])
        else "Dividing N by √|θ| changes the range of log₂ N*, where the errors are equal, "
        f"from {before:.2f} to {after:.2f}, with this many steps at this learning rate."
    )
    last = results["e_gen"].isel(N=-1).mean("replicate").values
    return (
        f"Generalisation and memorisation errors (PFD, in units of the descriptor). For {name}, "
        f"{'; '.join(parts)}. {collapse}{_plateaus(last)} {told_bands(results)}"
    )


def _plateaus(last: np.ndarray) -> str:
    """That E_gen itself does not collapse: where the sizes, of which there are several, end."""
    last = last[np.isfinite(last)]
    if len(last) < 2:
        return ""
    return (
        " That is the crossing alone: at the largest N the sizes' E_gen are between "
        f"{last.min():.2f} and {last.max():.2f}."
    )
