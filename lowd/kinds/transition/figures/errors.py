"""E_gen, E_mem and the memorised fraction against N, and where crossings meet (Finding I)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import told_bands
from lowd.figures.style import (
    BLACK,
    COLUMN,
    GREY,
    band,
    centre_and_error,
    extremes,
    made_of,
    samples_axis,
    size_colours,
    size_legend,
)
from lowd.metrics.collapse import curve_spread

ERRORS = {"e_gen": "$\\mathcal{E}_{gen}$", "e_mem": "$\\mathcal{E}_{mem}$"}
FRACTION = "memorised fraction $s$"


def draw(results: xr.Dataset) -> Figure:
    """Above both errors, E_emp beside E_gen; below s against N and against N/√|θ|."""
    figure, panels = plt.subplots(2, 2, figsize=(2 * COLUMN, 4.2), sharey="row")
    samples = results["N"].values
    parameters = results["parameters"].values.tolist()
    colours = size_colours(parameters)
    for axes, (name, label) in zip(panels[0], ERRORS.items(), strict=True):
        centre, error = centre_and_error(results, name, "replicate")
        for index, colour in enumerate(colours):
            band(axes, samples, centre[index], error[index], color=colour, marker="o")
        axes.set_ylabel(label)
        axes.yaxis.set_tick_params(labelleft=True)
        samples_axis(axes, samples)
    emp = centre_and_error(results, "e_emp", "replicate")
    band(panels[0, 0], samples, *emp, color=BLACK, ls="--", lw=0.9)
    panels[0, 0].set_ylim(bottom=0)
    centre, error = centre_and_error(results, "s", "replicate")
    for axes, power in zip(panels[1], (0, 0.5), strict=True):
        for index, colour in enumerate(colours):
            x = samples / parameters[index] ** power
            band(axes, x, centre[index], error[index], color=colour, marker="o")
        axes.axhline(0.5, color=GREY, lw=0.8, ls=":")
        axes.set_ylabel(FRACTION)
        axes.yaxis.set_tick_params(labelleft=True)
    samples_axis(panels[1, 0], samples)
    panels[1, 1].set_xscale("log", base=2)
    panels[1, 1].set_xlabel("$N/\\sqrt{|\\theta|}$")
    handles = [
        *size_legend(parameters),
        Line2D([], [], color=BLACK, ls="--", label="$\\mathcal{E}_{emp}$: pure memorisation"),
        Line2D([], [], color=GREY, ls=":", label="$s$ = ½"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title="$|\\theta|$")
    return figure


def caption(results: xr.Dataset) -> str:
    """What of the sizes collapses, and by how much."""
    last = results["e_gen"].isel(N=-1).mean("replicate").values
    last = last[np.isfinite(last)]
    plateaus = (
        f" At the largest N the sizes' E_gen lie between {last.min():.2f} and {last.max():.2f}."
        if len(last) > 1
        else ""
    )
    return (
        f"{_headline(results)}\n(a) Distance to the teacher, E_gen, a PFD in units of the "
        "descriptor; dashed that of perfect memorisation, E_emp. (b) Distance to perfect "
        "memorisation, E_mem. (c) Memorised fraction s, ½ where E_gen = E_mem. (d) The same "
        f"against N/√|θ|.{_spreads(results)}{plateaus} {told_bands(results)} {made_of(results)}"
    )


def _headline(results: xr.Dataset) -> str:
    largest, name = extremes(results)
    gen, mem = (largest[key].mean("replicate").values for key in ERRORS)
    sides = [("memorises" if mem[i] < gen[i] else "generalises") for i in (0, -1)]
    n = [f"{results['N'].values[i]:,}" for i in (0, -1)]
    if sides[0] == sides[1]:
        return f"{name} {sides[0]} at every end of the grid, N = {n[0]} and {n[1]}."
    return f"{name} {sides[0]} at N = {n[0]} and {sides[1]} at N = {n[1]}."


def _spreads(results: xr.Dataset) -> str:
    """How far sizes are apart before and after N is divided by √|θ|."""
    if np.isnan(results["slope_e"]):
        return " Fewer than two sizes cross, so nothing is said of how N* moves with √|θ|."
    log2_n, sizes = np.log2(results["N"].values), np.log2(results["parameters"].values)
    curves = results["s"].mean("replicate").transpose("model", "N").values
    apart = [curve_spread(log2_n, curves, sizes, exponent) for exponent in (0.0, 0.5)]
    return (
        f" That takes the spread of s between sizes from {apart[0]:.3f} to {apart[1]:.3f}, and the "
        f"range of N* from {float(results['spread_e']):.2f} to "
        f"{float(results['rescaled_spread_e']):.2f} octaves"
        f"{', with this training' if 'steps' in results.attrs else ''}."
    )
