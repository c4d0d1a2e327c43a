"""GL, RP and E_gen together: a wrong inductive bias is reproducible, general, and wrong."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from lowd.figures.controls import mark_controls
from lowd.figures.style import COLUMN, extremes

SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""


def draw(studies: dict[str, xr.Dataset]) -> Figure:
    """The largest model of each study in the plane of GL and RP, coloured by E_gen / E_emp.

    E_emp at the study's smallest N is what knowing next to nothing costs; a cell at 1 is no
    better, whatever its GL and RP say.
    """
    figure, panels = plt.subplots(
        1, len(studies), figsize=(2 * COLUMN, 3.0), sharex=True, sharey=True, squeeze=False
    )
    norm = mpl.colors.Normalize(0, 1)
    for axes, (name, results) in zip(panels[0], studies.items(), strict=True):
        largest, _ = extremes(results)
        _draw_path(axes, largest, norm)
        mark_controls(axes, results)
        axes.set_title(name, loc="left")
        axes.set_xlabel("GL")
    panels[0, 0].set_ylabel("RP, disjoint training sets")
    panels[0, 0].set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    panels[0, 0].legend(loc="upper left", title="controls")
    figure.colorbar(
        ScalarMappable(norm, "cividis_r"),
        ax=panels,
        label="$\\mathcal{E}_{gen}$ / $\\mathcal{E}_{emp}$ at the smallest $N$",
        shrink=0.8,
    )
    return figure


def _draw_path(axes: Axes, largest: xr.Dataset, norm: mpl.colors.Normalize) -> None:
    gl, rp = largest["gl"].mean("replicate"), largest["rp_disjoint"].mean("disjoint_pair")
    worst = float(largest["e_emp"].isel(N=0).mean())
    error = (largest["e_gen"].mean("replicate") / worst).values
    axes.plot(gl, rp, color="#bbbbbb", lw=0.8, zorder=1)
    axes.scatter(gl, rp, c=error, cmap="cividis_r", norm=norm, s=34, edgecolors="k", lw=0.4)
    labelled: list[tuple[float, float]] = []
    for x, y, n in zip(gl.values, rp.values, largest["N"].values, strict=True):
        if all(np.hypot(x - a, y - b) > 0.06 for a, b in labelled):
            labelled.append((x, y))
            axes.annotate(
                f"$2^{{{np.log2(n):.0f}}}$",
                (x, y),
                xytext=(4, -7),
                textcoords="offset points",
                size=6,
            )


def caption(studies: dict[str, xr.Dataset]) -> str:
    """GL, RP and E_gen of each study's largest model at its largest N."""
    parts = []
    for name, results in studies.items():
        largest, model = extremes(results)
        last = largest.isel(N=-1)
        worst = float(largest["e_emp"].isel(N=0).mean())
        parts.append(
            f"{name}, {model}: GL {float(last['gl'].mean()):.2f}, RP "
            f"{float(last['rp_disjoint'].mean()):.2f}, E_gen "
            f"{float(last['e_gen'].mean()) / worst:.2f} of E_emp at the smallest N"
        )
    return (
        f"The largest model of each study in the plane of GL and RP; labels are N, left out where "
        f"they would overlap. At the largest N, {'; '.join(parts)}. High GL and high RP do not "
        "make a model right: E_gen tells."
    )
