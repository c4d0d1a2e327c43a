"""GL, RP and E_gen together: a wrong inductive bias is reproducible, general, and wrong."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from lowd.figures.controls import mark_controls
from lowd.figures.style import BLACK, COLUMN, extremes, listed, made_of

SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""


def draw(studies: dict[str, xr.Dataset]) -> Figure:
    """The largest model of each study in the plane of GL and RP, coloured by E_gen / E_emp.

    E_emp is what perfect memorisation of the same N is wrong by: a cell at 1 is no nearer to the
    teacher, whatever its GL and RP say.
    """
    figure, panels = plt.subplots(
        1, len(studies), figsize=(2 * COLUMN, 3.0), sharex=True, sharey=True, squeeze=False
    )
    largest = {name: extremes(results)[0] for name, results in studies.items()}
    most = max(1.0, *(float(_ratio(one).max()) for one in largest.values()))
    norm = mpl.colors.Normalize(0, most)
    for axes, (name, results) in zip(panels[0], studies.items(), strict=True):
        _draw_path(axes, largest[name], norm)
        mark_controls(axes, results)
        axes.set_title(name, loc="left")
        axes.set_xlabel("GL")
    panels[0, 0].set_ylabel("RP, disjoint training sets")
    panels[0, 0].set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
    bar = figure.colorbar(
        ScalarMappable(norm, "cividis_r"),
        ax=panels,
        label="$\\mathcal{E}_{gen}$ / $\\mathcal{E}_{emp}$ at the same $N$",
        shrink=0.8,
    )
    bar.ax.axhline(1, color=BLACK, lw=0.8)
    return figure


def _ratio(largest: xr.Dataset) -> xr.DataArray:
    return largest["e_gen"].mean("replicate") / largest["e_emp"].mean("replicate")


def _draw_path(axes: Axes, largest: xr.Dataset, norm: mpl.colors.Normalize) -> None:
    gl, rp = largest["gl"].mean("replicate"), largest["rp_disjoint"].mean("disjoint_pair")
    axes.plot(gl, rp, color="#bbbbbb", lw=0.8, zorder=1)
    axes.scatter(
        gl, rp, c=_ratio(largest).values, cmap="cividis_r", norm=norm, s=34, edgecolors="k", lw=0.4
    )
    labelled: list[tuple[float, float]] = []
    for x, y, n in zip(gl.values, rp.values, largest["N"].values, strict=True):
        if all(np.hypot(x - a, y - b) > 0.12 for a, b in labelled):
            labelled.append((x, y))
            axes.annotate(
                f"{n:,}",
                (x, y),
                xytext=(-7 if 0.1 < y < 0.9 else 0, 8 if y < 0.1 else -11 if y > 0.9 else 0),
                textcoords="offset points",
                ha="right" if 0.1 < y < 0.9 else "center",
                va="center",
                size=6.5,
                zorder=6,
            )


def caption(studies: dict[str, xr.Dataset]) -> str:
    """GL, RP and E_gen of each study's largest model at its largest N."""
    parts, ratios = [], []
    for name, results in studies.items():
        largest, model = extremes(results)
        last = largest.isel(N=-1)
        ratios.append(f"{float(_ratio(last)):.2f} E_emp in {name}")
        parts.append(
            f"{name}, {model}: GL {float(last['gl'].mean()):.2f}, RP "
            f"{float(last['rp_disjoint'].mean()):.2f}"
        )
    return (
        "High GL and high RP do not make a model right: at the largest N E_gen is "
        f"{listed(ratios)}.\nThe largest model of each study in the plane of GL and RP, from "
        "small to large N (numbers, where there is room); colour: its distance from the teacher "
        "over that of perfect memorisation, which is no nearer from 1 (the line) on. At the "
        f"largest N, {'; '.join(parts)}. Means over replicates, and pairs of them. "
        f"{made_of(next(iter(studies.values())))}"
    ).strip()
