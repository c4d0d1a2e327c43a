"""Reproducibility between kinds of generative models, beside the quality of each."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from lowd.figures.style import (
    BLACK,
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    VERMILION,
    listed,
    made_of,
)

GROUPS = {"diffusion": BLUE, "VAE": VERMILION, "GAN": GREEN}
LABELLED = 0.05
"""From where on a cell has its number: of the others colour tells enough."""


def draw(results: xr.Dataset) -> Figure:
    """RP on shared and on disjoint data as maps, and each member's quality."""
    return matrices(results, "rp", "RP")


def caption(results: xr.Dataset) -> str:
    """The mean between diffusion families beside others', with what its error is over."""
    return " ".join(
        part
        for part in (
            f"{headline(results, 'rp', 'RP')}\n{described(results, 'rp', 'RP')}",
            f"{_bars(results)} {_solvers(results)}",
            f"τ = {results.attrs['threshold']:.3f}.{diverged(results)}",
            made_of(results),
        )
        if part
    )


def matrices(results: xr.Dataset, score: str, label: str) -> Figure:
    """A score on shared and on disjoint data, a family a row and a column; Fréchet distances."""
    families = results.isel(member=(results["member"] == results["family"]).values)
    names = families["member"].values
    count = len(names)
    figure, panels = plt.subplots(
        1,
        3,
        figsize=(2 * COLUMN, 1.3 + 0.19 * count),
        gridspec_kw={"width_ratios": (1, 1, 0.42)},
    )
    for axes, data in zip(panels, ("shared", "disjoint"), strict=False):
        table = families[score].sel(data=data, one=names, other=names).values
        _map(axes, table, names.tolist())
        axes.tick_params(labelleft=data == "shared")
        axes.set_title(f"{label}, {data} training data", loc="left")
        _separate(axes, families["member_group"].values)
    _quality(panels[2], families)
    handles = [Patch(color=GROUPS[group], label=group) for group in _groups(families)]
    teacher = Line2D([], [], color=GREY, lw=0.8, ls="--", label="fresh teacher samples")
    figure.legend(handles=[*handles, teacher], loc="outside lower center", ncols=4)
    return figure


def _map(axes: Axes, table: np.ndarray, names: list[str]) -> None:
    """One triangle, as pairs have no order, with the numbers that are not next to none."""
    upper = np.triu(np.ones(table.shape, bool))
    axes.imshow(np.where(upper, table, np.nan), vmin=0, vmax=1, cmap="Blues")
    for (row, column), value in np.ndenumerate(table):
        if upper[row, column] and value >= LABELLED:
            told = f"{value:.2f}".replace("0.", ".")
            axes.text(
                column, row, told, ha="center", va="center", fontsize=6.5,
                color="white" if value > 0.6 else BLACK,
            )  # fmt: skip
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90, fontsize=6.5)
    axes.set_yticks(places, names, fontsize=6.5)
    axes.grid(visible=False)


def _quality(axes: Axes, families: xr.Dataset) -> None:
    colours = [GROUPS[group] for group in families["member_group"].values]
    count = len(colours)
    axes.barh(
        np.arange(count), families["frechet"], xerr=2 * families["frechet_se"], color=colours,
        height=0.7, error_kw={"elinewidth": 0.6},
    )  # fmt: skip
    axes.axvline(float(families["frechet_teacher"]), color=GREY, lw=0.8, ls="--")
    axes.set_axisbelow(True)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks(range(count), families["member"].values)
    axes.tick_params(labelleft=False)
    axes.set_xlabel("Fréchet distance,\ndescriptor²")
    axes.grid(axis="y", visible=False)


def _groups(results: xr.Dataset) -> list[str]:
    return list(dict.fromkeys(results["member_group"].values.tolist()))


def diverged(results: xr.Dataset) -> str:
    """Which members have no scores, if any."""
    lost = results["member"].values[results["e_gen"].isnull().values]
    return "".join(f" {name}: a student diverged, and there are no scores." for name in lost)


def _separate(axes: Axes, groups: np.ndarray) -> None:
    """White lines between groups."""
    for at in np.flatnonzero(groups[1:] != groups[:-1]):
        axes.axhline(at + 0.5, color="white", lw=2)
        axes.axvline(at + 0.5, color="white", lw=2)


def headline(results: xr.Dataset, score: str, label: str) -> str:
    """Means between families of each kind, where students share their data."""
    means = [_between(results, score, group, "shared") for group in _groups(results)]
    told = [
        f"{value:.2f} among {group} families"
        for group, value in zip(_groups(results), means, strict=True)
        if np.isfinite(value)
    ]
    return f"{label} of students of the same data is on average {listed(told) or 'not measured'}."


def _between(results: xr.Dataset, score: str, group: str, data: str) -> float:
    pairs, _ = _within(results.sel(data=data), score, group)
    return float(np.mean(pairs)) if pairs else np.nan


def described(results: xr.Dataset, score: str, label: str) -> str:
    """What a matrix shows, and what it is among diffusion families and of each with itself."""
    first = _groups(results)[0]
    told = []
    for data in ("shared", "disjoint"):
        pairs, own = _within(results.sel(data=data), score, first)
        if pairs:
            told.append(
                f"{data} {np.mean(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f}; itself "
                f"{np.mean(own):.2f})"
            )
    known = f" Between {first} families: {', '.join(told)}." if told else ""
    return (
        f"(a, b) {label} between students of N = {results.attrs['samples']:,} images, same noises; "
        f"on the diagonal of one family and two seeds. No numbers below {LABELLED:g}; chance is at "
        "most "
        f"{float(results[f'{score}_chance'].max()):.3f}.{known}"
    )


def _within(results: xr.Dataset, score: str, group: str) -> tuple[list[float], list[float]]:
    """A score between different families of a group, and of each with itself."""
    own = (results["member_group"] == group) & (results["member"] == results["family"])
    table = results[score].values[np.ix_(own.values, own.values)]
    pairs = table[np.triu_indices(len(table), 1)]
    return pairs.tolist(), np.diag(table).tolist()


def _over_families(results: xr.Dataset) -> str:
    """How far mean RP between diffusion families depends on which they are, by the jackknife."""
    own = (results["member_group"] == "diffusion") & (results["member"] == results["family"])
    table = results["rp"].sel(data="shared").values[np.ix_(own.values, own.values)]
    count = len(table)
    if count < 3:
        return ""
    kept = [np.delete(np.arange(count), left_out) for left_out in range(count)]
    means = [table[np.ix_(at, at)][np.triu_indices(count - 1, 1)].mean() for at in kept]
    error = float(((count - 1) * np.var(means)) ** 0.5)
    return f" Over the choice of {count} families it has ± {2 * error:.2f} (jackknife)."


def _bars(results: xr.Dataset) -> str:
    """What the bars are, the advantage over other groups, and over what its interval is."""
    told = [
        f"{group}s {float(one['advantage']):.2f} [{float(one['advantage_low']):.2f}, "
        f"{float(one['advantage_high']):.2f}]"
        for group, one in ((g, results.sel(group=g)) for g in results["group"].values)
    ]
    more = f" RP exceeds that within {listed(told)} (95 %, over noises)." if told else ""
    return (
        f"{more.strip()}{_over_families(results)} (c) Fréchet distance to held-out images, bars "
        "two standard errors; GL is "
        f"{float(results['gl'].min()):.2f} to {float(results['gl'].max()):.2f}, the teacher's own "
        f"{float(results['gl_teacher']):.2f}."
    ).strip()


def _solvers(results: xr.Dataset) -> str:
    """How far solvers of one family's students are apart."""
    counts = {f: int((results["family"] == f).sum()) for f in results["family"].values}
    parts = []
    for family, members in counts.items():
        if members > 1:
            own = results.isel(member=(results["family"] == family).values)
            finest = own.isel(member=int(own["evaluations"].argmax("member")))
            parts.append(
                f"Solvers of {family} are within PFD {float(own['solver_error'].max()):.3f} of "
                f"{finest['member'].item()}."
            )
    return " ".join(parts)
