"""When students generalise and when they memorise, and how these times grow with N."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    PURPLE,
    VERMILION,
    band,
    centre_and_error,
    listed,
    made_of,
    samples_axis,
)
from lowd.metrics.transition import CENSORED

LABELS = {
    "gen": "$\\tau_{gen}$: $\\mathcal{E}_{gen}$ is low",
    "copy": "$\\tau_{copy}$: copies",
    "held_out": "$\\tau_{held}$: held-out loss rises",
    "equal": "$\\tau_{mem}$: $\\mathcal{E}_{gen}=\\mathcal{E}_{mem}$",
}
COLOURS = dict(zip(LABELS, (GREEN, VERMILION, PURPLE, BLUE), strict=True))
TICKS = {"gen": "$\\tau_{gen}$", "copy": "$\\tau_{copy}$"} | {
    "held_out": "$\\tau_{held}$", "equal": "$\\tau_{mem}$",
}  # fmt: skip
MARKERS = ("o", "s", "D", "v", "P", "X")
LEFT_OUT = {CENSORED["above"]: ("^", 1.25), CENSORED["below"]: ("v", 0.8)}
"""How N that a fit leaves out are marked, and where: beyond the last step, before the first."""
ROWS = ("$\\mathcal{E}_{gen}$", "share of copies", "share of copies", "step $\\tau$")


def draw(results: xr.Dataset) -> Figure:
    """A column a model: E_gen and copies along training, copies over step/N, times; exponents."""
    models = results["model"].values.tolist()
    figure = plt.figure(figsize=(2 * COLUMN, 8.4))
    grid = figure.add_gridspec(5, len(models), height_ratios=(1, 1, 1, 1.15, 1))
    panels = np.array([[figure.add_subplot(grid[row, at]) for at in range(len(models))]
                       for row in range(4)])  # fmt: skip
    for column, model in zip(panels.T, models, strict=True):
        _model(column, results.sel(model=model))
        column[0].set_title(model)
    for row, label in zip(panels, ROWS, strict=True):
        row[0].set_ylabel(label)
        low, high = np.transpose([axes.get_ylim() for axes in row])
        for axes in row:
            axes.set_ylim(low.min(), high.max())
            axes.tick_params(labelleft=axes is row[0])
    _exponents(figure.add_subplot(grid[4, :]), results)
    figure.legend(handles=_legend(results), loc="outside lower center", ncols=4)
    return figure


def _model(column: np.ndarray, one: xr.Dataset) -> None:
    steps, sizes = one["step"].values, one["N"].values
    for n, colour in zip(sizes, _colours(len(sizes)), strict=True):
        cells = one.sel({"N": n})
        for axes, name, x in (
            (column[0], "e_gen", steps),
            (column[1], "copied", steps),
            (column[2], "copied", steps / n),
        ):
            centre, error = centre_and_error(cells, name, "replicate")
            band(axes, x, centre, error, share=name == "copied", color=colour, lw=1.1)
    for axes, label in zip(column, ("step", "step", "step / N"), strict=False):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(label)
    column[0].axhline(one.attrs["quality"], color=GREEN, ls="--", lw=0.8)
    for axes in column[1:3]:
        axes.axhline(one.attrs["copied"], color=VERMILION, ls="--", lw=0.8)
        axes.set_ylim(-0.04, 1.04)
    _times(column[3], one)


def _times(axes: Axes, one: xr.Dataset) -> None:
    """Geometric means over replicates; N that a fit leaves out at the edge, open."""
    sizes, ends = one["N"].values, one["step"].values[[-1, 0]]
    middle = len(sizes) // 2
    for name, colour in COLOURS.items():
        logs = np.log(one[f"tau_{name}"].values)
        whole = np.isfinite(logs).all(axis=1)
        centre, error = logs.mean(axis=1), logs.std(axis=1, ddof=1) / logs.shape[1] ** 0.5
        times = np.exp(np.where(whole, centre, np.nan))
        reach = [times - np.exp(centre - 2 * error), np.exp(centre + 2 * error) - times]
        axes.errorbar(sizes, times, reach, color=colour, marker="o", lw=1, capsize=1.5)
        codes = one[f"censored_{name}"].values
        for (code, (marker, off)), end in zip(LEFT_OUT.items(), ends, strict=True):
            left = sizes[(codes == code).any(axis=1)]
            axes.plot(left, np.full(len(left), end * off), marker, color=colour, mfc="white", ms=4)
    through = np.sqrt(ends[0] * ends[1])
    axes.plot(sizes, through * sizes / sizes[middle], color=GREY, ls=":", lw=0.9, zorder=1)
    samples_axis(axes, sizes[::2])  # panels are narrow
    axes.set_yscale("log")


def _exponents(axes: Axes, results: xr.Dataset) -> None:
    models = results["model"].values.tolist()
    for at, model in enumerate(models):
        one = results.sel(model=model)
        value, low, high = (
            np.array([float(one[f"exponent_{name}{end}"]) for name in LABELS])
            for end in ("", "_low", "_high")
        )
        x = np.arange(len(LABELS)) + 0.6 * ((at + 0.5) / len(models) - 0.5)
        axes.errorbar(
            x,
            value,
            [value - low, high - value],
            label=model,
            marker=MARKERS[at % len(MARKERS)],
            color=BLACK,
            ls="",
            lw=0.9,
            capsize=1.5,
        )
    for level in (0, 1):
        axes.axhline(level, color=GREY, ls=":", lw=0.9, zorder=1)
    axes.set_xticks(range(len(LABELS)), list(TICKS.values()))
    axes.set_ylabel("exponent of N")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def _colours(count: int) -> list[tuple[float, float, float, float]]:
    """Of N: another scale than that of |θ|."""
    return [mpl.colormaps["plasma_r"](0.15 + 0.8 * at / max(1, count - 1)) for at in range(count)]


def _legend(results: xr.Dataset) -> list[Line2D]:
    sizes = results["N"].values.tolist()
    handles = [
        Line2D([], [], color=colour, label=f"N = {n:,}")
        for n, colour in zip(sizes, _colours(len(sizes)), strict=True)
    ]
    handles += [
        Line2D([], [], color=colour, marker="o", label=LABELS[name])
        for name, colour in COLOURS.items()
    ]
    handles.append(Line2D([], [], color=GREY, ls="", marker="^", mfc="white", label="left out"))
    return [*handles, Line2D([], [], color=GREY, ls=":", label="$\\tau\\propto N$")]


def caption(results: xr.Dataset) -> str:
    """The exponents of the time at which E_gen exceeds E_mem, and what they rest on."""
    attrs, models = results.attrs, results["model"].values.tolist()
    slopes = [f"{_told(results, model, 'equal')} ({model})" for model in models]
    fitted = [f"{_fitted(results.sel(model=model))} ({model})" for model in models]
    return f"Step τ_mem, where E_gen = E_mem, grows with N by a power of {listed(slopes)}.\n" + (
        " ".join(
            part
            for part in (
                f"Rows: E_gen, τ_gen at {attrs['quality']:g} (dashed); copies against step and "
                f"step/N, τ_copy at {attrs['copied']:g}; times; their exponents, with 95 % "
                "intervals over replicates (Student's t).",
                f"τ_held: held-out loss is {attrs['held_out']:g} times its least. Fits leave out N "
                "at which a replicate gets there after the end (triangles up) or before the first "
                f"snapshot (down); those of τ_mem have N = {listed(fitted)}.",
                f"Best collapse of copies: {listed(_best(results))}.",
                f"Means of {results.sizes['replicate']} replicates, bands and bars two standard "
                "errors.",
                made_of(results),
            )
            if part
        )
    )


def _told(results: xr.Dataset, model: str, name: str) -> str:
    value = float(results[f"exponent_{name}"].sel(model=model))
    return f"{value:.2f}" if np.isfinite(value) else "none"


def _fitted(one: xr.Dataset) -> str:
    sizes = one["N"].values[one["tau_equal"].notnull().all("replicate").values]
    return f"{sizes[0]:,} to {sizes[-1]:,}" if len(sizes) > 1 else "none"


def _best(results: xr.Dataset) -> list[str]:
    best = results["best_exponent"].mean("replicate")
    return [f"N^{float(one):.2f}" if one.notnull() else "none" for one in best]
