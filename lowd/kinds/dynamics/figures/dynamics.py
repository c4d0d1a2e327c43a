"""Errors and losses along training, at N's of three regimes (Finding II)."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter
from scipy import stats

from lowd.figures.intervals import covered
from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    centre_and_error,
    extremes,
    listed,
    made_of,
    quoted,
    short_count,
)

CURVES = {
    "e_gen": ("$\\mathcal{E}_{gen}$", BLUE),
    "e_mem": ("$\\mathcal{E}_{mem}$", VERMILION),
}
SHARES = {"gl": ("GL", GREEN), "rp_disjoint": ("RP, disjoint data", ORANGE)}
LINES = ("-", ":", "--", "-.")
SCORES = ("gl", "rp_disjoint")
"""What it shows that a threshold decides."""
LEVEL = 0.05
"""How often a rise and a fall of E_gen that are chance each pass for more."""
TEACHER: dict[str, Any] = {"color": GREEN, "lw": 0.7, "ls": "--"}
LOSSES = {"loss_training": ("training loss", PURPLE), "loss_held_out": ("held-out loss", BLACK)}


def draw(results: xr.Dataset) -> Figure:
    """A column an N; rows: errors, losses, and GL with RP. Sizes by line style."""
    columns = results.sizes["N"]
    figure, panels = plt.subplots(
        3, columns, figsize=(2 * COLUMN, 5.2), sharex=True, sharey="row", squeeze=False
    )
    order = np.argsort(results["parameters"].values).tolist()
    styles = dict(zip(order[::-1], LINES * len(order), strict=False))
    for column, n in zip(panels.T, results["N"].values, strict=True):
        cells = results.sel({"N": n})
        for index, style in styles.items():
            _size(column, cells.isel(model=index), style)
        column[0].set_title(f"N = {n:,}")
        column[2].set_xlabel("training step")
        column[2].set_xscale("log")
        column[2].xaxis.set_minor_formatter(NullFormatter())
        column[2].axhline(float(cells["gl_teacher"].mean()), zorder=1, **TEACHER)
    for axes, label in zip(
        panels[:, 0],
        ("PFD, in units\nof the descriptor", "denoising loss,\nEDM weights", "share of noises"),
        strict=True,
    ):
        axes.set_ylabel(label)
    panels[0, 0].set_ylim(bottom=0)
    panels[1, 0].set_yscale("log")
    panels[2, 0].set_ylim(-0.04, 1.04)
    figure.legend(handles=_legend(results, styles), loc="outside lower center", ncols=4)
    return figure


def _size(column: np.ndarray, model: xr.Dataset, style: str) -> None:
    """All curves of one size at one N, and a star where E_gen is least."""
    steps = model["step"].values
    for axes, curves in zip(column, (CURVES, LOSSES, SHARES), strict=True):
        for name, (_, colour) in curves.items():
            centre, error = _curve(model, name)
            look = {"color": colour, "ls": style, "lw": 1.2}
            band(axes, steps, centre, error, share=curves is SHARES, **look)
    mean = model["e_gen"].mean("replicate")
    best = int(mean.argmin("step"))
    column[0].plot(
        steps[best], mean[best], marker="*", ms=8, color=BLUE, mec="white", mew=0.6, zorder=5,
    )  # fmt: skip


def _legend(results: xr.Dataset, styles: dict[int, str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=colour, label=label)
        for curves in (CURVES, LOSSES, SHARES)
        for label, colour in curves.values()
    ]
    counts = [short_count(int(count)) for count in results["parameters"].values]
    handles += [
        Line2D([], [], color=BLACK, ls=style, label=f"$|\\theta|$ = {counts[index]}")
        for index, style in styles.items()
    ]
    star = Line2D([], [], color=BLUE, ls="", marker="*", ms=8, label="least $\\mathcal{E}_{gen}$")
    return [*handles, star, Line2D([], [], label="teacher's own GL", **TEACHER)]


def caption(results: xr.Dataset) -> str:
    """Where E_gen is least, what it rises by until the end, and what early stopping buys."""
    largest, name = extremes(results)
    sizes = results["N"].values
    least, rises, gains = [], [], []
    for n in sizes:
        cells = largest.sel({"N": n})
        best = int(cells["e_gen"].mean("replicate").argmin("step"))
        last = cells["e_gen"].isel(step=-1)
        least.append(f"{int(cells['step'][best]):,} at N = {n:,}")
        rises.append(quoted(*_over_replicates(last - cells["e_gen"].isel(step=best))))
        gains.append(quoted(*_over_replicates(last - cells["e_gen_stop"].sel(rule="held_out"))))
    count = results.sizes["replicate"]
    shown = [least[at] for at in sorted({0, len(sizes) // 2, len(sizes) - 1})]
    return f"E_gen of {name} is least at step {listed(shown)}.\n" + " ".join(
        part
        for part in (
            "Rows: distances to teacher and perfect memorisation, stars where E_gen is least; "
            "losses; GL and RP. By the end E_gen "
            f"rises by {listed(rises)}; the snapshot of least held-out loss "
            f"gains {listed(gains)} over the last. {_descents_of(largest)}",
            "Early students are alike, and no copies: GL and RP are near 1; chance is at most "
            f"{float(results['rp_disjoint_chance'].max()):.3f}. Means over {count} "
            "replicates; bands and ± are two standard errors, which cover "
            f"{covered(count):.0%}.",
            made_of(results),
        )
        if part
    )


def _curve(model: xr.Dataset, name: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over replicates and its standard error; of losses averaged over σ."""
    if name in LOSSES:
        values = model[name].mean("sigma")
        return values.mean("replicate"), _spread(values)
    return centre_and_error(model, name, "disjoint_pair" if name == "rp_disjoint" else "replicate")


def _spread(values: xr.DataArray) -> xr.DataArray:
    count = values.notnull().sum("replicate")
    return values.std("replicate", ddof=1) / count**0.5


def _over_replicates(values: xr.DataArray) -> tuple[float, float]:
    return float(values.mean()), float(_spread(values))


def _descents_of(largest: xr.Dataset) -> str:
    """Where mean E_gen, having risen for a while, falls again, as far as Student's t tells it."""
    found, chance = [], 0.0
    for n in largest["N"].values:
        descent, unsure = _descent(largest.sel({"N": n}))
        found += [f"At N = {n:,} {descent}."] if descent else []
        chance = max(chance, unsure)
    if found:
        return " ".join(found)
    told = f" (by {chance:.4f} at most)" if chance else ""
    return f"No fall after a rise is told from chance at {LEVEL:.0%}{told}."


def _descent(cells: xr.Dataset) -> tuple[str, float]:
    """The largest fall after a rise that is told from chance, and the largest that is not."""
    quantile = stats.t.ppf(1 - LEVEL / 2, cells.sizes["replicate"] - 1)
    curves, steps = cells["e_gen"], cells["step"].values
    mean = curves.mean("replicate").values
    chance, found = [0.0], []
    for peak in range(1, len(mean) - 1):
        before, after = int(mean[:peak].argmin()), peak + 1 + int(mean[peak + 1 :].argmin())
        up, down = (
            _over_replicates(curves.isel(step=peak) - curves.isel(step=at))
            for at in (before, after)
        )
        size = min(up[0], down[0])
        if all(change > quantile * error and change > 0 for change, error in (up, down)):
            found.append((size, peak, before, after, up, down))
        elif size > 0:
            chance.append(size)
    if not found:
        return "", max(chance)
    _, peak, before, after, up, down = max(found)
    return (
        f"E_gen rises by {quoted(*up)} from step {steps[before]:,} to {steps[peak]:,} and falls "
        f"again by {quoted(*down)} up to step {steps[after]:,}"
    ), max(chance)
