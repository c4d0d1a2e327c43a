"""Errors and losses along training, at N's of three regimes (Finding II)."""

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
    GREY,
    ORANGE,
    VERMILION,
    band,
    centre_and_error,
    extremes,
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
LOSSES = {"loss_training": ("training loss", GREY), "loss_held_out": ("held-out loss", BLACK)}


def draw(results: xr.Dataset) -> Figure:
    """A column an N; rows: errors, losses, and GL with RP. Sizes by line style."""
    columns = results.sizes["N"]
    figure, panels = plt.subplots(
        3, columns, figsize=(2 * COLUMN, 4.9), sharex=True, sharey="row", squeeze=False
    )
    order = np.argsort(results["parameters"].values)
    styles = dict(zip(order[::-1], LINES * len(order), strict=False))
    for column, n in enumerate(results["N"].values):
        one = results.sel({"N": n})
        for index, style in styles.items():
            model = one.isel(model=index)
            for row, curves in enumerate((CURVES, LOSSES, SHARES)):
                for name, (_, colour) in curves.items():
                    centre, error = _curve(model, name)
                    band(
                        panels[row, column], one["step"].values, centre, error, color=colour,
                        ls=style, lw=1.2,
                    )  # fmt: skip
            mean = model["e_gen"].mean("replicate")
            best = int(mean.argmin("step"))
            panels[0, column].plot(
                one["step"].values[best], mean[best], marker="*", ms=8, color=BLUE, mec="white",
                mew=0.6, zorder=5,
            )  # fmt: skip
        panels[0, column].set_title(f"N = {n:,}")
        panels[2, column].set_xlabel("training step")
        panels[2, column].set_xscale("log")
        panels[2, column].xaxis.set_minor_formatter(NullFormatter())
        panels[2, column].axhline(
            float(one["gl_teacher"].mean()), color=GREEN, lw=0.7, ls="--", zorder=1
        )
    for axes, label in zip(panels[:, 0], ("PFD", "denoising loss", "share of noises"), strict=True):
        axes.set_ylabel(label)
    panels[0, 0].set_ylim(bottom=0)
    panels[1, 0].set_yscale("log")
    panels[2, 0].set_ylim(-0.04, 1.04)
    handles = [
        Line2D([], [], color=colour, label=label)
        for curves in (CURVES, LOSSES, SHARES)
        for label, colour in curves.values()
    ]
    counts = results["parameters"].values
    handles += [
        Line2D([], [], color=BLACK, ls=style, label=f"$|\\theta|$ = {short_count(int(count))}")
        for style, count in ((style, counts[index]) for index, style in styles.items())
    ]
    handles += [
        Line2D([], [], color=BLUE, ls="", marker="*", ms=8, label="least $\\mathcal{E}_{gen}$"),
        Line2D([], [], color=GREEN, lw=0.7, ls="--", label="teacher's own GL"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def caption(results: xr.Dataset) -> str:
    """Where E_gen is least, what comes after it, and what early stopping buys."""
    largest, name = extremes(results)
    parts = []
    for n in results["N"].values:
        one = largest.sel({"N": n})
        mean = one["e_gen"].mean("replicate")
        best = int(mean.argmin("step"))
        first, least, last = (one["e_gen"].isel(step=at) for at in (0, best, -1))
        fall, rise = (quoted(*_over_replicates(end - least)) for end in (first, last))
        bought, oracle = (
            quoted(*_over_replicates(last - one["e_gen_stop"].sel(rule=rule)))
            for rule in ("held_out", "oracle")
        )
        parts.append(
            f"N = {n:,}: E_gen is least after {int(one['step'][best]):,} steps, "
            f"{quoted(*(float(x[best]) for x in _curve(one, 'e_gen')))}, "
            f"having fallen by {fall} since step {int(one['step'][0])}, and "
            f"{rise} less than at the end, where "
            f"GL = {quoted(*(float(x[-1]) for x in _curve(one, 'gl')))} (the teacher's own "
            f"{float(one['gl_teacher'].mean()):.2f}) and E_mem = "
            f"{quoted(*(float(x[-1]) for x in _curve(one, 'e_mem')))}; {_descents(one)}; the "
            f"snapshot of least held-out loss gains {bought} over the last, "
            f"the one of least E_gen {oracle}"
        )
    return (
        "Errors (PFD), EDM-weighted denoising losses, GL and RP along training, from averaged "
        f"weights; solid lines are the largest model. For {name}, {'. '.join(parts)}. Means over "
        f"{results.sizes['replicate']} replicates; bands are ± two standard errors, as are "
        f"numbers, which cover {covered(results.sizes['replicate']):.0%}; a rise and a fall of "
        f"E_gen count if Student's t tells each from 0 at {LEVEL:.0%}. The highest chance level of "
        f"RP is {float(results['rp_disjoint_chance'].max()):.3f}. Held-out losses are on training "
        "points of another replicate. Early on RP and GL are near 1 because students that have "
        "hardly learned all make much the same, and no copies. Stars mark the least mean E_gen, "
        "dashes the teacher's own GL."
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


def _descents(one: xr.Dataset) -> str:
    """Whether mean E_gen, having risen for a while, falls again, each by Student's t."""
    quantile = stats.t.ppf(1 - LEVEL / 2, one.sizes["replicate"] - 1)
    curves, steps = one["e_gen"], one["step"].values
    mean = curves.mean("replicate").values
    chance, found = [], []
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
    if found:
        _, peak, before, after, up, down = max(found)
        return (
            f"E_gen rises by {quoted(*up)} from step {steps[before]:,} to {steps[peak]:,} and "
            f"falls again by {quoted(*down)} up to step {steps[after]:,}"
        )
    if chance:
        return f"a fall after a rise, of {max(chance):.4f} in mean E_gen, is not told from chance"
    return "mean E_gen never falls again after a rise"
