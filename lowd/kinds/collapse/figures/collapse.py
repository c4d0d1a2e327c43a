"""Errors, GL and entropy of training data over generations of students (model collapse)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lowd.figures.intervals import covered
from lowd.figures.style import BLACK, COLUMN, band, centre_and_error, quoted
from lowd.kinds.collapse.figures._modes import measured, styles
from lowd.metrics.transition import CENSORED, UNKNOWN

SCORES = ("gl",)
LABELS = {
    "e_gen": "$\\mathcal{E}_{gen}$, to the\nfirst teacher",
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
                band(axes, generations, centre, error, color=colour, marker=marker, lw=1.1)
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
    """Where each mode ends, when it memorises, and what of it solver and Gaussian students do."""
    parts = []
    for mode in results["mode"].values.tolist():
        each = [_ending(results.sel(mode=mode, N=n)) for n in results["N"].values.tolist()]
        parts.append(f"{mode}, {'; '.join(each)}")
    last = int(results["generation"][-1])
    replicates = results.sizes["replicate"]
    return (
        f"Students that learn from students, up to generation {last}: E_gen is to the first "
        "teacher, E_mem to the memoriser of a generation's own training set, GL against that set, "
        "with the teacher's own against it dotted, and the entropy of N points of it is by nearest "
        "neighbours, less that of sets of N of the teacher's own samples. From the first "
        f"generation, which all modes share, to the last: {'. '.join(part for part in parts)}."
        f"{_gaussian(results)} Solver and σ_max by themselves change the entropy of a Gaussian "
        f"teacher's samples by {float(results['solver_gain']):+.3f} nats a generation. Means over "
        f"{replicates} replicates; bands and ± are two standard errors, which cover "
        f"{covered(replicates):.0%} where replicates differ more than noises do."
    )


def _ending(cells: xr.Dataset) -> str:
    """E_gen and GL at both ends, the change of entropy, and where E_gen crosses E_mem."""
    told = []
    for label, name in (("E_gen", "e_gen"), ("E_mem", "e_mem"), ("GL", "gl")):
        centre, error = centre_and_error(cells, name, "replicate")
        first, last = (quoted(centre[at], error[at]) for at in (0, -1))
        told.append(f"{label} {first} to {last}")
    centre, error = centre_and_error(cells, "entropy_data", "replicate")
    control = float(cells["entropy_control"])
    told.append(f"entropy {quoted(centre[-1] - control, error[-1])} nats")
    return f"N = {int(cells['N']):,}: {', '.join(told)}, {_crossing(cells)}"


def _crossing(cells: xr.Dataset) -> str:
    """In which generation a mode's students come to be nearer to memorisers than to the teacher."""
    censored = cells["censored"].values
    within = cells["crossing"].values[censored == CENSORED[""]]
    counts = {
        "memorises from the first on": int((censored == CENSORED["below"]).sum()),
        "E_gen stays below E_mem": int((censored == CENSORED["above"]).sum()),
        "not measured": int((censored == UNKNOWN).sum()),
    }
    told = [f"{what} in {count}" for what, count in counts.items() if count]
    if len(within):
        at = f"{within.min():.1f}" if np.ptp(within) < 0.05 else (
            f"{within.min():.1f} to {within.max():.1f}"
        )  # fmt: skip
        told.insert(0, f"E_gen exceeds E_mem from generation {at} on in {len(within)}")
    return f"{', '.join(told)} of {len(censored)} replicates"


def _gaussian(results: xr.Dataset) -> str:
    """What Gaussian students lose; nothing where the teacher is no Gaussian."""
    if not measured(results["gaussian_entropy"]):
        return ""
    parts = [
        f"{-float(results['gaussian_entropy'].sel(N=n)[1]):.3f} at N = {n:,}"
        for n in results["N"].values.tolist()
        if np.isfinite(results["gaussian_entropy"].sel(N=n)[1])
    ]
    return (
        " Dashed: students that fit a Gaussian to N samples of the last; they lose exactly "
        f"{', '.join(parts)} nats a generation."
    )
