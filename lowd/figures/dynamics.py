"""Errors and losses along training, at N's of three regimes (Finding II)."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

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
LOSSES = {"loss_training": ("training loss", GREY), "loss_held_out": ("held-out loss", BLACK)}


def draw(results: xr.Dataset) -> Figure:
    """A column an N; rows: errors, losses, and GL with RP. Sizes by line style."""
    columns = results.sizes["N"]
    figure, panels = plt.subplots(
        3, columns, figsize=(2 * COLUMN, 4.9), sharex=True, sharey="row", squeeze=False
    )
    order = np.argsort(results["parameters"].values)
    styles = ["-" if at == order[-1] else ":" for at in range(len(order))]
    for column, n in enumerate(results["N"].values):
        one = results.sel({"N": n})
        for index, style in enumerate(styles):
            model = one.isel(model=index)
            for row, curves in enumerate((CURVES, LOSSES, SHARES)):
                for name, (_, colour) in curves.items():
                    centre, error = _curve(model, name)
                    band(
                        panels[row, column], one["step"].values, centre, error, color=colour,
                        ls=style, lw=1.2 if style == "-" else 1,
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
    handles = [
        Line2D([], [], color=colour, label=label)
        for curves in (CURVES, LOSSES, SHARES)
        for label, colour in curves.values()
    ]
    counts = results["parameters"].values
    handles += [
        Line2D([], [], color=BLACK, ls=style, label=f"$|\\theta|$ = {short_count(int(count))}")
        for style, count in sorted(zip(styles, counts, strict=True), key=lambda one: -one[1])
    ]
    handles.append(
        Line2D([], [], color=BLUE, ls="", marker="*", ms=8, label="least $\\mathcal{E}_{gen}$")
    )
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
            f"GL = {quoted(*(float(x[-1]) for x in _curve(one, 'gl')))} (teacher "
            f"{float(one['gl_teacher'].mean()):.2f}) and E_mem = "
            f"{quoted(*(float(x[-1]) for x in _curve(one, 'e_mem')))}; {_descents(one)}; the "
            f"snapshot of least held-out loss gains {bought} over the last, "
            f"the one of least E_gen {oracle}"
        )
    return (
        "Errors (PFD), EDM-weighted denoising losses, GL and RP along training, from averaged "
        f"weights; solid lines are the largest model. For {name}, {'. '.join(parts)}. Means over "
        f"{results.sizes['replicate']} replicates; bands are ± two standard errors, as are "
        "numbers. Held-out losses are on training points of another replicate. Stars mark the "
        "least mean E_gen, dashes the teacher's GL."
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
    """Whether E_gen, having risen for a while, falls again, in every replicate alike."""
    mean = one["e_gen"].mean("replicate").values
    steps = one["step"].values
    inner = [
        at
        for at in range(1, len(mean) - 1)
        if mean[at] > mean[:at].min() and mean[at] > mean[at + 1 :].min()
    ]
    if not inner:
        return "E_gen never falls again after a rise"
    peak = max(inner, key=lambda at: min(mean[at] - mean[:at].min(), mean[at] - mean[at:].min()))
    before, after = int(mean[:peak].argmin()), peak + int(mean[peak:].argmin())
    up = one["e_gen"].isel(step=peak) - one["e_gen"].isel(step=before)
    down = one["e_gen"].isel(step=peak) - one["e_gen"].isel(step=after)
    return (
        f"E_gen rises by {quoted(*_over_replicates(up))} from step {steps[before]:,} to "
        f"{steps[peak]:,} and falls again by {quoted(*_over_replicates(down))} up to step "
        f"{steps[after]:,}"
    )
