"""Errors against N and N over the intrinsic dimension, and what N takes against it."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.intervals import COVERAGE, SIZES
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    VERMILION,
    band,
    centre_and_error,
    size_colours,
)
from lowd.metrics.transition import crossing, slope_interval

STYLES = {"e": (BLUE, "o-", BLUE), "gl": (VERMILION, "s:", "white")}
RULES = {"e": "$\\mathcal{E}_{gen}=\\mathcal{E}_{mem}$", "gl": "GL"}
RELATIVE = (0.8, 0.7)
"""Errors, over the rms norm √r of a sample, that N is asked for; with K = 2 no less is reached."""
PUBLISHED = 55
"""N_min over the intrinsic dimension, 50 to 60, as published for MoLRG (Zhang et al. 2024)."""


def draw(results: xr.Dataset) -> Figure:
    """A row a model and number of clusters: errors over √r against N and N/r; N* against r."""
    rows = [
        (model, clusters)
        for model in _shared_models(results)
        for clusters in results["kind"].values.tolist()
    ]
    figure, panels = plt.subplots(
        len(rows), 3, figsize=(2 * COLUMN, 0.8 + 1.75 * len(rows)), squeeze=False
    )
    every = sorted({int(rank) for rank in results["rank"].dropna("study").values})
    colours = dict(zip(every, size_colours(every), strict=True))
    for row, (model, clusters) in zip(panels, rows, strict=True):
        one = _exact(results, clusters).sel(model=model)
        for study in one["study"].values:
            cells = one.sel(study=study)
            rank = int(cells["rank"])
            log2_n = np.log2(cells["N"].values / clusters)
            for axes, shift in ((row[0], 0.0), (row[1], np.log2(rank))):
                for name, line in (("e_gen", "-"), ("e_mem", "--")):
                    centre, error = centre_and_error(cells, name, "replicate")
                    norm = rank**0.5
                    band(
                        axes, log2_n - shift, centre / norm, error / norm, color=colours[rank],
                        ls=line,
                    )  # fmt: skip
        row[0].set_ylabel(
            f"{model}, $K={clusters}$\n"
            "$\\mathcal{E}_{gen}/\\sqrt{r}$, $\\mathcal{E}_{mem}/\\sqrt{r}$"
        )
        _scaling(row[2], one, clusters)
    panels[-1, 0].set_xlabel("$\\log_2 N$ per cluster")
    panels[-1, 1].set_xlabel("$\\log_2(N/r)$ per cluster")
    panels[-1, 2].set_xlabel("intrinsic dimension $r$")
    handles = [
        Line2D([], [], color=colour, label=f"$r={rank}$") for rank, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color=GREY, label="$\\mathcal{E}_{gen}$"),
        Line2D([], [], color=GREY, ls="--", label="$\\mathcal{E}_{mem}$"),
        Line2D([], [], color=BLUE, marker="o", ms=4, label=f"$N^\\ast$, {RULES['e']}"),
        Line2D([], [], color=VERMILION, marker="s", ms=4, mfc="white", ls=":",
               label=f"$N^\\ast$, {RULES['gl']}"),
        Line2D([], [], color=BLACK, ls="-.", lw=0.8, label=f"$N={PUBLISHED}\\,r$"),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def _scaling(axes: Axes, cells: xr.Dataset, clusters: int) -> None:
    """N* per cluster against r: filled E_gen = E_mem, open GL = ½ of the teacher's own."""
    for rule, (colour, form, face) in STYLES.items():
        points = cells[f"log2_n_{rule}"]
        middle = points.mean("replicate", skipna=False)
        ends = (2**middle - 2 ** points.min("replicate"), 2 ** points.max("replicate") - 2**middle)
        axes.errorbar(
            cells["rank"], 2**middle, yerr=ends, fmt=form, color=colour, mfc=face, ms=4, lw=0.9
        )
    ranks = np.array([float(cells["rank"].min()), float(cells["rank"].max())])
    axes.plot(ranks, PUBLISHED * ranks, color=BLACK, ls="-.", lw=0.8)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_ylabel("$N^\\ast$ per cluster")


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


def _relative(cells: xr.Dataset, clusters: int, error: float) -> tuple[np.ndarray, np.ndarray]:
    """Ranks at which every replicate's E_gen falls to `error` √r, and mean log₂ N per cluster."""
    log2_n = np.log2(cells["N"].values / clusters)
    norm = cells["rank"].values ** 0.5
    curves = cells["e_gen"].transpose("study", "replicate", "N").values / norm[:, None, None]
    points = np.full(curves.shape[:2], np.nan)
    for at in np.ndindex(*points.shape):
        finite = np.isfinite(curves[at])
        if finite.sum() > 1:
            points[at] = crossing(log2_n[finite], curves[at][finite] - error).log2_n
    kept = np.isfinite(points).all(axis=1)
    return cells["rank"].values[kept], points[kept].mean(axis=1)


def _relative_exponents(results: xr.Dataset) -> str:
    """By how much N grows with r for E_gen at a fixed relative error."""
    parts = []
    for model in _shared_models(results):
        for clusters in results["kind"].values:
            cells = _exact(results, int(clusters)).sel(model=model)
            by = []
            for error in RELATIVE:
                ranks, log2_n = _relative(cells, int(clusters), error)
                if len(ranks) > 2:
                    slope, low, high = slope_interval(np.log2(ranks), log2_n)
                    by.append(
                        f"{slope:.2f} [{low:.2f}, {high:.2f}] at {error} ({len(ranks)} ranks)"
                    )
            if by:
                parts.append(f"{model}, K = {clusters}, {', '.join(by)}")
    if not parts:
        return ""
    return (
        " Exponent in r of the N that E_gen takes to fall to a fixed share of √r, the root mean "
        "square norm of a sample (95 % by Student's t, ranks being independent): "
        f"{'; '.join(parts)}."
    )


def caption(results: xr.Dataset) -> str:
    """Exponents with intervals, and constants beside the published ones."""
    slopes, constants = [], []
    for model in _shared_models(results):
        for clusters in results["kind"].values:
            for rule, label in (("e", "E_gen = E_mem"), ("gl", "GL")):
                one = results.sel(model=model, kind=clusters, rule=rule)
                value, low, high = (float(one[f"exponent{end}"]) for end in ("", "_low", "_high"))
                if np.isnan(value):
                    slopes.append(f"{model}, K = {clusters}, {label}: not measured")
                    continue
                cells = _exact(results, int(clusters)).sel(model=model)
                within = f"{_used(cells, rule)}, {_local(cells, rule)}"
                slopes.append(
                    f"{model}, K = {clusters}, {label}: {value:.2f} [{low:.2f}, {high:.2f}]; "
                    f"{within}"
                )
            found = _exact(results, int(clusters)).sel(model=model)["constant"].values
            found = found[np.isfinite(found)]
            if len(found):
                ends = f"{found.min():.1f} to {found.max():.1f}"
                constants.append(f"{model}, K = {clusters}: {ends}")
    return (
        "Networks of fixed size on mixtures of low-rank Gaussians. Left, middle: errors over √r "
        "against N and N/r, N per cluster, bands two standard errors. Right: N*, bars from the "
        "lowest to the highest replicate; open symbols: GL = ½ of the teacher's own, where that is "
        "at least 0.8. A rank counts if N lies inside the grid in every replicate."
        f"{_relative_exponents(results)} Exponent of N* in r with bootstrap intervals over ranks "
        f"and replicates, 95 % each from {SIZES} ranks on (of three they cover {COVERAGE[3]} in "
        f"simulations), not corrected for their number: {'; '.join(slopes)}. E_gen = E_mem asks "
        "how much is memorised, not how well the teacher is known, and need not follow r. "
        f"N*/r at E_gen = E_mem: {'; '.join(constants)}; published: 50 to 60.{_real(results)}"
    )


def _used(cells: xr.Dataset, rule: str) -> str:
    """How many ranks an exponent rests on, and which have no N* in every replicate."""
    kept = cells[f"log2_n_{rule}"].notnull().all("replicate").values
    ranks = cells["rank"].values.astype(int)
    left = f", without r = {', '.join(map(str, ranks[~kept]))}" if not kept.all() else ""
    return f"{kept.sum()} ranks{left}"


def _local(cells: xr.Dataset, rule: str) -> str:
    """How the slope differs between neighbouring ranks, of which a power law would have one."""
    middle = cells[f"log2_n_{rule}"].mean("replicate", skipna=False)
    kept = middle.notnull().values
    slopes = np.diff(middle.values[kept]) / np.diff(np.log2(cells["rank"].values[kept]))
    return f"between neighbouring ranks {', '.join(f'{slope:.2f}' for slope in slopes)}"


def _real(results: xr.Dataset) -> str:
    """The same constant for real images."""
    parts = []
    for study in results["study"].values[results["rank"].isnull().values]:
        one = results.sel(study=study)
        dimension = float(one["dimension"].sel(neighbours=20, divisor="k-1"))
        for model in one["model"].values[one["constant"].notnull().values]:
            value = float(one["constant"].sel(model=model))
            parts.append(f"{study} (dimension {dimension:.1f}), {model}: {value:.1f}")
    return (
        " N* over the estimated dimension of the images, not of the teacher's samples, "
        f"which students learn from: {'; '.join(parts)}; published: 630."
        if parts
        else ""
    )
