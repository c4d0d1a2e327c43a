"""What all figures share: type, colours, bands."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.plotted import BANDS, LETTERS, panels

COLUMN = 3.35
"""Width of a column of text, in inches; a figure across the page is twice as wide."""

GREY = "#6b6b6b"
BLACK = "#1a1a1a"
# Okabe and Ito's palette, distinct under every common colour blindness.
BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 3,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    # As outlines: mathematics takes glyphs from fonts that browsers lack.
    "svg.fonttype": "path",
    # Element names in an SVG come from this salt: the same figure is the same bytes.
    "svg.hashsalt": "lowd",
}


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib with lowd's settings, whatever the user's own are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def size_colours(parameters: Sequence[int]) -> list[tuple[float, float, float, float]]:
    """A colour for each |θ|, dark for large; lightness alone tells the order."""
    ranks = np.argsort(np.argsort(parameters))
    return [mpl.colormaps["viridis_r"](0.12 + 0.83 * r / max(1, len(ranks) - 1)) for r in ranks]


def size_legend(parameters: Sequence[int]) -> list[Line2D]:
    """One handle for each |θ|."""
    return [
        Line2D([], [], color=colour, label=short_count(count))
        for count, colour in zip(parameters, size_colours(parameters), strict=True)
    ]


def short_count(count: int) -> str:
    """1,336 as "1.3k"."""
    for unit, suffix in ((1e6, "M"), (1e3, "k")):
        if count >= unit:
            scaled = count / unit
            return f"{scaled:.1f}{suffix}" if scaled < 10 else f"{scaled:.0f}{suffix}"
    return str(count)


def centre_and_error(
    results: xr.Dataset, name: str, over: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """Mean over replicates, or over pairs of them, and its standard error.

    Replicates share the noises, so the noises' share of the error does not average out: the
    spread between R replicates contributes s²/R, the noises their mean squared standard error.
    Pairs share replicates: their spread is the jackknife's, which leaves out one replicate, and so
    all its pairs, at a time. Two replicates are a single pair, which has no spread.
    """
    return mean_and_error(results[name], results[f"{name}_se"], over)


def mean_and_error(
    values: xr.DataArray, errors: xr.DataArray, over: str
) -> tuple[xr.DataArray, xr.DataArray]:
    """The same of values and their standard errors over noises."""
    if over == "disjoint_pair":
        spread = _jackknife(values)
    else:
        count = values.notnull().sum(over)
        spread = (values.var(over, ddof=1) / count).where(count > 1, 0)
    return values.mean(over), (spread + (errors**2).mean(over)) ** 0.5


def _jackknife(values: xr.DataArray) -> xr.DataArray:
    """Variance of the mean over pairs of replicates, never too small on average.

    What belongs to a pair alone, not to its replicates, counts up to four times too much.
    """
    pairs = [pair.split("|") for pair in values["disjoint_pair"].values.tolist()]
    replicates = sorted({replicate for pair in pairs for replicate in pair})
    if len(replicates) < 3:
        return 0 * values.mean("disjoint_pair")
    without = xr.concat(
        [
            values.isel(disjoint_pair=[r not in pair for pair in pairs]).mean("disjoint_pair")
            for r in replicates
        ],
        "left_out",
    )
    return (len(replicates) - 1) * without.var("left_out")


def letter(figure: Figure) -> None:
    """Give every panel its letter, as captions call them, if there are several."""
    shown = panels(figure)
    for axes, name in zip(shown, LETTERS, strict=False):
        if len(shown) > 1:
            axes.annotate(
                name,
                (0, 1),
                xytext=(-4, 4),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="right",
                weight="bold",
                fontsize=9,
            )


def samples_axis(axes: Axes, samples: np.ndarray, label: str = "$N$") -> None:
    """A horizontal axis of N itself, by octaves, with a number at every other one or fewer."""
    axes.set_xscale("log", base=2)
    every = -(-len(samples) // 6)
    axes.set_xticks(samples[::every], [f"{n:,}" for n in samples[::every]])
    axes.minorticks_off()
    axes.set_xlabel(label)


def quoted(value: object, error: object) -> str:
    """A number as captions give it: value ± two standard errors, if it was measured."""
    if np.isnan(value):  # type: ignore[call-overload]
        return "not measured"
    return f"{float(value):.2f} ± {2 * float(error):.2f}"  # type: ignore[arg-type]


def quoted_slope(results: xr.Dataset, rule: str) -> str:
    """The slope of log N* on log|θ| by one rule, with its interval, if there is one."""
    slope, low, high = (float(results[f"slope_{rule}{end}"]) for end in ("", "_low", "_high"))
    if np.isnan(slope):
        return "fewer than two sizes cross"
    if low == high:
        return f"slope {slope:.2f} (too few replicates for an interval)"
    return f"slope {slope:.2f} [{low:.2f}, {high:.2f}]"


def ends(results: xr.Dataset) -> list[int]:
    """Positions of the smallest and of the largest N, once if there is one only."""
    return sorted({0, results.sizes["N"] - 1})


def extremes(results: xr.Dataset) -> tuple[xr.Dataset, str]:
    """The largest model's results, and what to call it."""
    largest = results.isel(model=int(np.argmax(results["parameters"].values)))
    return (
        largest,
        f"{largest['model'].item()} ({short_count(int(largest['parameters']))} parameters)",
    )


def listed(parts: Sequence[str]) -> str:
    """Parts as a sentence has them, "a, b and c"; nothing if there are none."""
    return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part])


def made_of(results: xr.Dataset) -> str:
    """The sentence on what scores are over: noises, training and sampler, as far as is known."""
    told = [
        f"{results.attrs[name]:,} {word}"
        for name, word in (("noises", "noises"), ("steps", "training steps"))
        if name in results.attrs
    ]
    told += [results.attrs["sampler"]] if "sampler" in results.attrs else []
    return f"{', '.join(told)}.".capitalize() if told else ""


def yardstick(results: xr.Dataset) -> str:
    """The sentence on descriptor and threshold that captions of RP and GL need."""
    attrs = results.attrs
    rule = attrs["threshold_rule"].strip("{}").replace('"', "")
    return f"Descriptor {attrs['descriptor']}, τ = {attrs['threshold']:.3f} ({rule})."


def share_interval(share: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two standard errors either way on the scale of arcsin √p, so that it ends at 0 and 1.

    There the error of a share is the same everywhere, to first order; at 0 and 1 themselves, where
    that has no value, the interval is cut off.
    """
    inside = (share > 0) & (share < 1)
    p = np.where(inside, share, 0.5)
    angle, reach = np.arcsin(np.sqrt(p)), error / np.sqrt(p * (1 - p))
    ends = (np.clip(angle + side * reach, 0, np.pi / 2) for side in (-1, 1))
    low, high = (np.sin(end) ** 2 for end in ends)
    cut = np.clip(share - 2 * error, 0, 1), np.clip(share + 2 * error, 0, 1)
    return np.where(inside, low, cut[0]), np.where(inside, high, cut[1])


def band(
    axes: Axes,
    x: np.ndarray,
    centre: xr.DataArray,
    error: xr.DataArray,
    share: bool = False,
    **line: object,
) -> None:
    """A curve with a band of two standard errors, which of a share is within 0 and 1."""
    low, high = (centre - 2 * error).values, (centre + 2 * error).values
    if share:
        low, high = share_interval(centre.values, error.values)
    between(axes, x, centre.values, (low, high), **line)


def between(
    axes: Axes,
    x: np.ndarray,
    centre: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    **line: object,
) -> None:
    """A curve with the band of any interval."""
    (drawn,) = axes.plot(x, centre, **line)  # type: ignore[arg-type]
    BANDS[drawn] = ends
    axes.fill_between(x, *ends, color=drawn.get_color(), alpha=0.18, linewidth=0)
