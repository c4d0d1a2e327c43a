"""Squared bias and variance over |θ| and over N (Finding III)."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, BLUE, COLUMN, GREY, ORANGE, VERMILION, quoted, short_count

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
        row[0].set_xticks(sizes, [short_count(int(size)) for size in sizes], fontsize=6)
        _lines(row[1], one.sel(model=one.attrs["at_model"]), samples, logarithmic=True)
        row[1].set_xticks(samples, [f"{n:,}" for n in samples])
        count = short_count(int(one.sel(model=one.attrs["at_model"])["parameters"]))
        row[0].set_title(f"{name}N = {one.attrs['at_samples']:,}")
        row[1].set_title(f"{name}$|\\theta|$ = {count}")
        row[0].set_ylabel("squared distance")
    panels[-1, 0].set_xlabel("$|\\theta|$")
    panels[-1, 1].set_xlabel("N")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
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


def caption(results: xr.Dataset | Mapping[str, xr.Dataset]) -> str:
    """Shares at the ends, the shape over |θ|, and how the variance falls with N."""
    parts = []
    for name, one in _named(results).items():
        line = one.sel({"N": one.attrs["at_samples"]})
        shares = []
        for at in (
            int(line["parameters"].argmin("model")),
            int(line["parameters"].argmax("model")),
        ):
            model = line.isel(model=int(at)).sel(varied="data")
            share = model["variance"] / model["squared_error"]
            told = "not measured" if np.isnan(share) else f"{float(share):.0%}"
            seeds = line.isel(model=int(at)).sel(varied="seed")
            shares.append(
                f"|θ| = {short_count(int(model['parameters']))}: bias² "
                f"{quoted(model['squared_bias'], model['squared_bias_se'])}, variance "
                f"{quoted(model['variance'], model['variance_se'])} ({told} of E_gen²), over "
                f"seeds {quoted(seeds['variance'], seeds['variance_se'])}"
            )
        slopes = [_power(one, v) for v in one["varied"].values]
        parts.append(
            f"{name}at N = {one.attrs['at_samples']:,}, {'; '.join(shares)}; {_shape(line)}; at "
            f"{one.attrs['at_model']} the power of N that the variance goes with is on "
            f"average {', '.join(slopes)}"
        )
    return (
        "E_gen² over independent training sets split into squared bias and variance, and over "
        "seeds with the data fixed into variance and a rest, which is bias and what this one "
        "training set is wrong by; unbiased and not clipped: a squared bias may come out negative. "
        f"{'. '.join(part[0].upper() + part[1:] for part in parts)}. Bars "
        "and intervals are two standard errors (jackknife over students), the noises being fixed."
    )


def _shape(line: xr.Dataset) -> str:
    """Whether E_gen² is higher at both ends of |θ| than in between, by two standard errors."""
    one = line.sel(varied="data").sortby("parameters").dropna("model")
    if one.sizes["model"] < 3:
        return "too few sizes to tell a U"
    total, error = one["squared_error"].values, one["squared_error_se"].values
    at = int(total.argmin())
    rises = [
        (total[end] - total[at], float(np.hypot(error[end], error[at])), name)
        for end, name in ((0, "smallest"), (-1, "largest"))
    ]
    shape = "U-shaped" if all(rise > 2 * of for rise, of, _ in rises) else "not U-shaped"
    least = short_count(int(one["parameters"][at]))
    told = [f"{quoted(rise, of)} higher at the {name} |θ|" for rise, of, name in rises]
    return f"E_gen² is {shape}: least at |θ| = {least}, it is {' and '.join(told)}"


def _power(one: xr.Dataset, varied: str) -> str:
    """The mean power of N in the variance, and the range of those between neighbouring N."""
    cells = one.sel(model=one.attrs["at_model"], varied=varied)["variance"].dropna("N")
    between = np.diff(np.log(cells.values)) / np.diff(np.log(cells["N"].values))
    told = f"{float(one['slope'].sel(varied=varied)):.2f} over {varied}"
    if len(between) < 2:
        return told
    return f"{told} ({between.min():.2f} to {between.max():.2f} between neighbouring N)"


def _named(results: xr.Dataset | Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Studies by what to call them before their numbers; one alone needs no name."""
    if isinstance(results, xr.Dataset):
        return {"": results.sortby("parameters")}
    return {
        f"{name.removeprefix('bias-variance-')}, ": one.sortby("parameters")
        for name, one in results.items()
    }
