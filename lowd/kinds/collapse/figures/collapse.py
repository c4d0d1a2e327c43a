"""Errors, GL and entropy of training data over generations of students (model collapse)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lowd.figures.intervals import covered
from lowd.figures.style import BLACK, COLUMN, band, centre_and_error, made_of
from lowd.kinds.collapse.figures._modes import measured, styles
from lowd.metrics.transition import CENSORED

SCORES = ("gl",)
LABELS = {
    "e_gen": "$\\mathcal{E}_{gen}$, PFD in units\nof the descriptor",
    "e_gap": "$\\mathcal{E}_{gen}-\\mathcal{E}_{mem}$",
    "gl": "GL, against\nits own data",
    "entropy_data": "entropy of data less\nteacher's, in nats",
}


def draw(results: xr.Dataset) -> Figure:
    """A column an N; rows: E_gen, E_gen − E_mem, GL, entropy. Modes by colour."""
    columns = results.sizes["N"]
    width = max(1.1, min(2, 0.68 * columns)) * COLUMN
    figure, panels = plt.subplots(
        len(LABELS), columns, figsize=(width, 6.0), sharex=True, sharey="row", squeeze=False
    )
    results = results.assign(
        entropy_data=results["entropy_data"] - results["entropy_control"],
    )
    looks = styles(results)
    for column, n in enumerate(results["N"].values):
        cells = results.sel(N=n)
        generations = cells["generation"].values
        for axes, name in zip(panels[:, column], LABELS, strict=True):
            for mode, (colour, marker) in looks.items():
                centre, error = centre_and_error(cells.sel(mode=mode), name, "replicate")
                band(
                    axes, generations, centre, error, share=name == "gl", color=colour,
                    marker=marker, lw=1.1,
                )  # fmt: skip
            _references(axes, cells, name)
        panels[0, column].set_title(f"N = {n:,}")
        panels[-1, column].set_xlabel("generation")
        panels[-1, column].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    for axes, label in zip(panels[:, 0], LABELS.values(), strict=True):
        axes.set_ylabel(label)
    panels[0, 0].set_ylim(bottom=0)
    panels[2, 0].set_ylim(-0.04, 1.04)
    figure.legend(handles=_legend(results), loc="outside lower center", ncols=4)
    return figure


def _references(axes: Axes, cells: xr.Dataset, name: str) -> None:
    """What no network has a part in: equality of errors, the teacher's GL, Gaussian students."""
    generations = cells["generation"].values
    if name == "e_gap":
        axes.axhline(0, color=BLACK, lw=0.7, zorder=1)
    if name == "entropy_data":
        axes.plot(generations, cells["gaussian_entropy"], color=BLACK, ls="--", lw=0.9, zorder=4)
    if name == "e_gen":
        axes.plot(generations, cells["gaussian_e_gen"], color=BLACK, ls="--", lw=0.9, zorder=4)
    if name == "gl":
        for mode, (colour, _) in styles(cells).items():
            ceiling = cells["gl_teacher"].sel(mode=mode).mean("replicate")
            axes.plot(generations, ceiling, color=colour, ls=":", lw=0.9, zorder=1)


def _legend(results: xr.Dataset) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, marker=marker, label=mode)
        for mode, (colour, marker) in styles(results).items()
    ]
    handles.append(Line2D([], [], color=BLACK, ls=":", lw=0.9, label="teacher's GL"))
    if measured(results["gaussian_entropy"]):
        handles.append(
            Line2D([], [], color=BLACK, ls="--", lw=0.9, label="Gaussian students, replace")
        )
    return handles


def caption(results: xr.Dataset) -> str:
    """Where each mode ends at the largest N, when it memorises, and what of it the solver does."""
    last, count = int(results["generation"][-1]), results.sizes["replicate"]
    n = int(results["N"].values[-1])
    ends = {
        mode: centre_and_error(results.sel(mode=mode, N=n), "e_gen", "replicate")
        for mode in results["mode"].values.tolist()
    }
    finite = {mode: float(one[0][-1]) for mode, one in ends.items() if np.isfinite(one[0][-1])}
    first = f"Of N = {n:,} no mode was measured up to generation {last}."
    if finite:
        near, far = min(finite, key=lambda m: finite[m]), max(finite, key=lambda m: finite[m])
        first = (
            f"After {last} generations of N = {n:,} E_gen is between {finite[near]:.2f} ({near}) "
            f"and {finite[far]:.2f} ({far})."
        )
    return " ".join(
        part
        for part in (
            f"{first}\nA column an N; rows: distance to the first teacher; that less the distance "
            "to perfect memorisation; GL, dotted the teacher's own; entropy of N points of the "
            "training data, by nearest neighbours, less the teacher's.",
            _ending(results, list(finite)),
            _crossings(results),
            _gaussian(results),
            "The solver alone adds "
            f"{float(results['solver_gain']):+.3f} nats a generation. Means over {count} "
            f"replicates; bands are two standard errors, which cover {covered(count):.0%}.",
            made_of(results),
        )
        if part
    )


def _ending(results: xr.Dataset, modes: list[str]) -> str:
    """Distances to perfect memorisation that modes end with at the largest N."""
    last = results["e_mem"].isel(N=-1, generation=-1).sel(mode=modes).mean("replicate")
    last = last.dropna("mode")
    if not last.sizes["mode"]:
        return ""
    return f"At the end E_mem is between {float(last.min()):.2f} and {float(last.max()):.2f}."


def _crossings(results: xr.Dataset) -> str:
    """In how many cells, replicates of a mode and N, E_gen comes to exceed E_mem, and when."""
    censored = results["censored"].values
    within = results["crossing"].values[censored == CENSORED[""]]
    told = []
    if len(within):
        told.append(f"from generation {within.min():.1f} to {within.max():.1f} on in {len(within)}")
    first, never = (int((censored == CENSORED[side]).sum()) for side in ("below", "above"))
    told += [f"from the first on in {first}"] if first else []
    told += [f"not at all in {never}"] if never else []
    if not told:
        return ""
    return f"E_gen exceeds E_mem {', '.join(told)} of {censored.size} runs."


def _gaussian(results: xr.Dataset) -> str:
    """What Gaussian students lose; nothing where the teacher is no Gaussian."""
    if not measured(results["gaussian_entropy"]):
        return ""
    losses = [
        f"{-float(loss):.3f} at N = {n:,}"
        for n, loss in zip(
            results["N"].values.tolist(), results["gaussian_entropy"].isel(generation=1).values,
            strict=True,
        )
        if np.isfinite(loss)
    ]  # fmt: skip
    shown = losses if len(losses) < 3 else [losses[0], losses[-1]]
    return (
        "Dashed: students that fit a Gaussian to N samples of the last; they lose exactly "
        f"{', '.join(shown)} nats a generation."
    )
