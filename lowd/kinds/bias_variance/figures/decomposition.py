"""Squared bias and variance over |θ| and over N (Finding III)."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREY,
    ORANGE,
    VERMILION,
    listed,
    made_of,
    quoted,
    samples_axis,
    short_count,
)

PARTS = {
    ("squared_error", "data"): ("$\\mathcal{E}_{gen}^2$", BLACK, "-", "s"),
    ("squared_bias", "data"): ("bias², over data", BLUE, "-", "o"),
    ("variance", "data"): ("variance, over data", VERMILION, "-", "o"),
    ("squared_bias", "seed"): ("rest, one training set", GREY, "--", "^"),
    ("variance", "seed"): ("variance, over seeds", ORANGE, "--", "^"),
}


def draw(results: xr.Dataset | Mapping[str, xr.Dataset]) -> Figure:
    """A row a study; left against |θ|, right against N."""
    studies = _named(results)
    figure, panels = plt.subplots(
        len(studies), 2, figsize=(2 * COLUMN, 0.6 + 2 * len(studies)), squeeze=False
    )
    for row, (name, one) in zip(panels, studies.items(), strict=True):
        sizes, samples = one["parameters"].values, one["N"].values
        _lines(row[0], one.sel({"N": one.attrs["at_samples"]}), sizes)
        row[0].set_xticks(sizes, [short_count(int(size)) for size in sizes], fontsize=6.5)
        _lines(row[1], one.sel(model=one.attrs["at_model"]), samples, logarithmic=True)
        samples_axis(row[1], samples)
        count = short_count(int(one.sel(model=one.attrs["at_model"])["parameters"]))
        row[0].set_title(f"{name}N = {one.attrs['at_samples']:,}")
        row[1].set_title(f"{name}$|\\theta|$ = {count}")
        row[0].set_ylabel("PFD squared, in units\nof the descriptor squared")
        row[0].set_xlabel("$|\\theta|$")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _lines(axes: Axes, line: xr.Dataset, x: np.ndarray, *, logarithmic: bool = False) -> None:
    """All parts along one line; a squared bias that came out negative keeps its axis linear."""
    for (part, varied), (label, colour, style, marker) in PARTS.items():
        one = line.sel(varied=varied)
        axes.errorbar(
            x, one[part].values, yerr=2 * one[f"{part}_se"].values, color=colour, ls=style,
            marker=marker, label=label, elinewidth=0.8,
        )  # fmt: skip
    axes.axhline(0, color=GREY, lw=0.5)
    axes.set_xscale("log")
    axes.minorticks_off()
    if logarithmic and all((line[part].dropna("N") > 0).all() for part, _ in PARTS):
        axes.set_yscale("log")
        # Bars that reach below 0 would draw the axis down without end.
        axes.set_ylim(bottom=min(float(line[part].min()) for part, _ in PARTS) / 2)


def caption(results: xr.Dataset | Mapping[str, xr.Dataset]) -> str:
    """Shares at the ends, the shape over |θ|, and how the variance falls with N."""
    studies = _named(results)
    heads = [_shares(name, one) for name, one in studies.items()]
    told = [
        f"{name}N = {one.attrs['at_samples']:,}: "
        f"{_shape(one.sel({'N': one.attrs['at_samples']}))}, variance as "
        f"{listed([_power(one, v) for v in one['varied'].values])}."
        for name, one in studies.items()
    ]
    return (
        f"From the smallest to the largest |θ| the variance goes from {listed(heads)}.\nLeft "
        "against |θ|, right against N: E_gen² over training sets, bias² and variance; over seeds "
        "of one set, variance and a rest: bias and what that set is wrong by. "
        f"{' '.join(part[0].upper() + part[1:] for part in told)} Bias² may be negative. "
        "Bars and ± are two standard errors (jackknife over students). "
        f"{made_of(next(iter(studies.values())))}"
    ).strip()


def _shares(name: str, one: xr.Dataset) -> str:
    """Which part of E_gen² the variance is, for the smallest and for the largest |θ|."""
    line = one.sel({"N": one.attrs["at_samples"], "varied": "data"})
    share = (line["variance"] / line["squared_error"]).values[[0, -1]]
    told = ["not measured" if np.isnan(end) else f"{100 * end:.0f}" for end in share]
    return f"{told[0]} to {told[1]} % of E_gen²{f' ({name[:-2]})' if name else ''}"


def _shape(line: xr.Dataset) -> str:
    """Whether E_gen² is higher at both ends of |θ| than in between, by two standard errors."""
    one = line.sel(varied="data").sortby("parameters").dropna("model")
    if one.sizes["model"] < 3:
        return "of too few sizes to tell a U"
    total, error = one["squared_error"].values, one["squared_error_se"].values
    at = int(total.argmin())
    rises = [
        (total[end] - total[at], float(np.hypot(error[end], error[at])), name)
        for end, name in ((0, "smallest"), (-1, "largest"))
    ]
    shape = "U-shaped" if all(rise > 2 * of for rise, of, _ in rises) else "not U-shaped"
    least = short_count(int(one["parameters"][at]))
    told = [f"{quoted(rise, of)} below the {name}" for rise, of, name in rises]
    return f"{shape} (least at {least}, {' and '.join(told)})"


def _power(one: xr.Dataset, varied: str) -> str:
    """The mean power of N in the variance."""
    return f"N^{float(one['slope'].sel(varied=varied)):.1f} over {varied}"


def _named(results: xr.Dataset | Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Studies by what to call them before their numbers; one alone needs no name."""
    if isinstance(results, xr.Dataset):
        return {"": results.sortby("parameters")}
    return {
        f"{name.removeprefix('bias-variance-')}, ": one.sortby("parameters")
        for name, one in results.items()
    }
