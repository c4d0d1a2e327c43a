"""Errors against N and N over the intrinsic dimension, and what N takes against it."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import COVERAGE
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    VERMILION,
    band,
    centre_and_error,
    made_of,
    samples_axis,
    size_colours,
)
from lowd.metrics.transition import crossing, slope_interval

RULES = {
    "relative": ("$\\mathcal{E}_{gen}=%s\\sqrt{r}$", BLACK, "D", "-"),
    "e": ("$\\mathcal{E}_{gen}=\\mathcal{E}_{mem}$", BLUE, "o", "-"),
    "gl": ("GL", VERMILION, "s", ":"),
}
"""Of each rule its label, colour, marker and line; the first is E_gen at a fixed share of √r."""
ERROR = 0.7
"""E_gen over the rms norm √r of a sample that N is asked for; with K = 2 little less is reached."""


def draw(results: xr.Dataset) -> Figure:
    """A row a model and number of clusters: errors over √r against N and N/r; N* against r."""
    rows = _rows(results)
    figure, panels = plt.subplots(
        len(rows), 3, figsize=(2 * COLUMN, 0.8 + 1.8 * len(rows)), squeeze=False,
        sharex="col",
    )  # fmt: skip
    every = sorted({int(rank) for rank in results["rank"].dropna("study").values})
    colours = dict(zip(every, size_colours(every), strict=True))
    for row, (model, clusters) in zip(panels, rows, strict=True):
        row[1].sharey(row[0])
        row[0].sharey(panels[0, 0])
        row[2].sharey(panels[0, 2])
        cells = _exact(results, clusters).sel(model=model)
        for study in cells["study"].values:
            _errors(row, cells.sel(study=study), clusters, colours)
        row[0].set_ylabel("errors / $\\sqrt{r}$")
        row[0].set_title(f"{model}, $K={clusters}$", loc="left")
        row[1].set_xscale("log", base=2)
        row[1].xaxis.set_major_formatter("{x:,g}")
        _scaling(row[2], results, model, clusters)
    samples_axis(panels[-1, 0], _per_cluster(results), "$N$ per cluster")
    panels[-1, 1].set_xlabel("$N/r$ per cluster")
    panels[-1, 2].set_xlabel("intrinsic dimension $r$")
    panels[-1, 2].set_xscale("log", base=2)
    panels[-1, 2].set_xticks(every, [str(rank) for rank in every])
    panels[-1, 2].minorticks_off()
    low, high = panels[0, 2].get_ylim()
    panels[0, 2].set_ylim(low, high * 20)
    handles = [
        Line2D([], [], color=colour, label=f"$r={rank}$") for rank, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=GREY, label="$\\mathcal{E}_{gen}/\\sqrt{r}$"),
        Line2D([], [], color=GREY, ls="--", label="$\\mathcal{E}_{mem}/\\sqrt{r}$"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handlelength=1.3)
    return figure


def _rows(results: xr.Dataset) -> list[tuple[str, int]]:
    return [
        (model, clusters)
        for model in _shared_models(results)
        for clusters in results["kind"].values.tolist()
    ]


def _per_cluster(results: xr.Dataset) -> np.ndarray:
    """All N of studies of known rank, of the most clusters that all have them."""
    known = results.isel(study=results["rank"].notnull().values)
    ran = known["e_gen"].notnull().any([dim for dim in known["e_gen"].dims if dim != "N"])
    return np.asarray(known["N"].values[ran.values])


def _errors(row: np.ndarray, cells: xr.Dataset, clusters: int, colours: dict[int, Any]) -> None:
    """E_gen and E_mem over √r of one rank, against N and against N/r."""
    rank = int(cells["rank"])
    n, norm = cells["N"].values / clusters, rank**0.5
    for axes, scale in ((row[0], 1), (row[1], rank)):
        for name, line in (("e_gen", "-"), ("e_mem", "--")):
            centre, error = centre_and_error(cells, name, "replicate")
            look = {"color": colours[rank], "ls": line, "lw": 1.0}
            band(axes, n / scale, centre / norm, error / norm, **look)


def _scaling(axes: Axes, results: xr.Dataset, model: str, clusters: int) -> None:
    """N per cluster against r, means and ranges of replicates, by every rule."""
    cells = _exact(results, clusters).sel(model=model)
    for rule, (label, colour, marker, line) in RULES.items():
        points = _points(cells, clusters, rule)
        kept = np.isfinite(points).all(axis=1)
        middle, found = 2 ** points[kept].mean(axis=1), points[kept]
        ends = (middle - 2 ** found.min(axis=1), 2 ** found.max(axis=1) - middle)
        told = _exponent(results, model, clusters, rule)
        name = label % f"{ERROR:g}" if rule == "relative" else label
        axes.errorbar(
            cells["rank"].values[kept], middle, yerr=np.clip(ends, 0, None), color=colour,
            marker=marker, ls=line, lw=0.9, mfc="white" if rule == "gl" else colour,
            label=f"{name}: {told}",
        )  # fmt: skip
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylabel("$N^\\ast$ per cluster")
    axes.legend(
        fontsize=6.5, loc="upper left", handlelength=1.6, borderpad=0.2, labelspacing=0.2,
        title="rule: exponent in $r$", title_fontsize=6.5, alignment="left",
    )  # fmt: skip


def _exact(results: xr.Dataset, clusters: int) -> xr.Dataset:
    """The studies of known rank with that many clusters, by rank."""
    chosen = results["rank"].notnull() & (results["clusters"] == clusters)
    return results.isel(study=chosen.values).sortby("rank")


def _shared_models(results: xr.Dataset) -> list[str]:
    """Models that the studies of known rank have."""
    measured = results["log2_n_e"].isel(study=results["rank"].notnull().values)
    ran = results["e_gen"].isel(study=results["rank"].notnull().values).notnull()
    has = ran.any([dim for dim in ran.dims if dim != "model"])
    return [str(model) for model in measured["model"].values[has.values]]


def _points(cells: xr.Dataset, clusters: int, rule: str) -> np.ndarray:
    """log₂ N per cluster, (rank, replicate), by a rule; NaN where it is not in the grid."""
    if rule != "relative":
        return np.asarray(cells[f"log2_n_{rule}"].transpose("study", "replicate").values)
    log2_n = np.log2(cells["N"].values / clusters)
    norm = cells["rank"].values ** 0.5
    curves = cells["e_gen"].transpose("study", "replicate", "N").values / norm[:, None, None]
    points = np.full(curves.shape[:2], np.nan)
    for at in np.ndindex(*points.shape):
        finite = np.isfinite(curves[at])
        if finite.sum() > 1:
            points[at] = crossing(log2_n[finite], curves[at][finite] - ERROR).log2_n
    return points


def _power(results: xr.Dataset, model: str, clusters: int, rule: str) -> tuple[float, float, float]:
    """The exponent in r of N by a rule, with its interval; NaN if it was not measured."""
    if rule != "relative":
        one = results.sel(model=model, kind=clusters, rule=rule)
        value, low, high = (float(one[f"exponent{end}"]) for end in ("", "_low", "_high"))
        return value, low, high
    cells = _exact(results, clusters).sel(model=model)
    points = _points(cells, clusters, rule)
    kept = np.isfinite(points).all(axis=1)
    if kept.sum() < 3:
        return np.nan, np.nan, np.nan
    return slope_interval(np.log2(cells["rank"].values[kept]), points[kept].mean(axis=1))


def _exponent(results: xr.Dataset, model: str, clusters: int, rule: str) -> str:
    value, low, high = _power(results, model, clusters, rule)
    if np.isnan(value):
        return "not measured"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _range(results: xr.Dataset, rule: str) -> str:
    """From the least to the largest exponent by a rule."""
    values = [_power(results, model, clusters, rule)[0] for model, clusters in _rows(results)]
    ends = sorted(value for value in values if np.isfinite(value))
    if not ends:
        return "not measured"
    return f"{ends[0]:.2f}" if len(ends) == 1 else f"{ends[0]:.2f} to {ends[-1]:.2f}"


def caption(results: xr.Dataset) -> str:
    """Ranges of exponents, and constants beside the published ones; each is in the legend."""
    return (
        f"The N at which E_gen falls to {ERROR:g} √r grows as r to the power "
        f"{_range(results, 'relative')}, that at which E_gen = E_mem "
        f"{_range(results, 'e')}.\nA row a network and number K of clusters. Left, middle: "
        "distances over √r, the rms norm of a sample, bands two standard errors. Right: N by three "
        "rules, bars from lowest to highest replicate; GL: ½ of the teacher's own, if that is at "
        "least 0.8. Brackets: 95 % by Student's t over ranks, or a bootstrap, which of three ranks "
        f"covers {COVERAGE[3]}. E_gen = E_mem asks how much is memorised and need not follow r."
        f"{_constants(results)}{_real(results)} {made_of(results)}"
    ).strip()


def _constants(results: xr.Dataset) -> str:
    """N*/r at E_gen = E_mem."""
    every = [
        _exact(results, clusters).sel(model=model)["constant"].values
        for model, clusters in _rows(results)
    ]
    values = np.concatenate(every) if every else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return ""
    return f" Its N*/r: {values.min():.1f} to {values.max():.0f}; published: 50 to 60."


def _real(results: xr.Dataset) -> str:
    """The same constant for real images, of all models."""
    parts = []
    for study in results["study"].values[results["rank"].isnull().values]:
        one = results.sel(study=study)
        values = one["constant"].dropna("model").values
        if len(values):
            dimension = float(one["dimension"].sel(neighbours=20, divisor="k-1"))
            ends = _ends(values)
            parts.append(f"{study} (of dimension {dimension:.1f}): {ends}")
    return f" {'; '.join(parts)}; published: 630." if parts else ""


def _ends(values: np.ndarray) -> str:
    return f"{values.min():.1f}" + (f" to {values.max():.1f}" if len(values) > 1 else "")
