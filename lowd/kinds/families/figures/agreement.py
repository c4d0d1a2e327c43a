"""Reproducibility between kinds of generative models, beside the quality of each."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, BLUE, COLUMN, GREEN, GREY, VERMILION

GROUPS = {"diffusion": BLUE, "VAE": VERMILION, "GAN": GREEN}


def draw(results: xr.Dataset) -> Figure:
    """RP on shared and on disjoint data as annotated maps, and each member's quality."""
    return matrices(results, "rp", "RP")


def caption(results: xr.Dataset) -> str:
    """Means within groups, the advantage, chance, quality, and what solvers owe to their error."""
    return (
        f"{described(results, 'rp', 'RP')} {_advantages(results)} {_quality(results)} "
        f"{_solvers(results)} τ = {results.attrs['threshold']:.3f}.{diverged(results)}"
    )


def matrices(results: xr.Dataset, score: str, label: str) -> Figure:
    """A score on shared and on disjoint data, below it its chance level, and Fréchet distances."""
    names = results["member"].values
    count = len(names)
    figure, panels = plt.subplots(
        1,
        3,
        figsize=(2.25 * COLUMN, 1.1 + 0.19 * count),
        gridspec_kw={"width_ratios": (1, 1, 0.32)},
    )
    for axes, data in zip(panels, ("shared", "disjoint"), strict=False):
        one = results.sel(data=data)
        # A score of two models has no order, so that one triangle is free for its chance level.
        upper = np.triu(np.ones((count, count), bool))
        table = np.where(upper, one[score].values, one[f"{score}_chance"].values)
        axes.imshow(table, vmin=0, vmax=1, cmap="Blues")
        for (row, column), value in np.ndenumerate(table):
            told = f"{value:.2f}".replace("0.", ".")
            colour = ("white" if value > 0.6 else BLACK) if upper[row, column] else GREY
            axes.text(column, row, told, ha="center", va="center", fontsize=4.4, color=colour)
        axes.set_xticks(range(count), names, rotation=90, fontsize=5.5)
        axes.set_yticks(range(count), names if data == "shared" else [], fontsize=5.5)
        axes.grid(visible=False)
        axes.set_title(f"{label}, {data} training data")
        _separate(axes, results["member_group"].values)
    places = np.arange(count)
    colours = [GROUPS[group] for group in results["member_group"].values]
    panels[2].barh(
        places, results["frechet"], xerr=2 * results["frechet_se"], color=colours, height=0.7,
        error_kw={"elinewidth": 0.6},
    )  # fmt: skip
    panels[2].axvline(float(results["frechet_teacher"]), color=GREY, lw=0.8, ls="--")
    panels[2].set_ylim(count - 0.5, -0.5)
    panels[2].set_yticks([])
    panels[2].set_title("Fréchet distance")
    panels[2].grid(axis="y", visible=False)
    return figure


def diverged(results: xr.Dataset) -> str:
    """Which members have no scores, if any."""
    lost = results["member"].values[results["e_gen"].isnull().values]
    return "".join(f" {name}: a student diverged, and there are no scores." for name in lost)


def _separate(axes: plt.Axes, groups: np.ndarray) -> None:
    """White lines between groups."""
    for at in np.flatnonzero(groups[1:] != groups[:-1]):
        axes.axhline(at + 0.5, color="white", lw=2)
        axes.axvline(at + 0.5, color="white", lw=2)


def described(results: xr.Dataset, score: str, label: str) -> str:
    """What a matrix shows, group by group."""
    parts = []
    chance = float(results[f"{score}_chance"].max())
    for group in dict.fromkeys(results["member_group"].values):
        values = {
            data: _within(results.sel(data=data), score, group) for data in ("shared", "disjoint")
        }
        between = [
            f"{np.mean(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f}) between families on "
            f"{data} data, "
            for data, (pairs, _) in values.items()
            if pairs
        ]
        own = [f"{np.mean(alone):.2f}" for _, alone in values.values()]
        parts.append(
            f"{group}: {''.join(between)}{own[0]} with another seed, {own[1]} with other data and "
            "another seed"
        )
    return (
        f"{label} between students of N = {results.attrs['samples']:,} images, from the same "
        "noises; below the diagonal its chance level; on it a family against itself, with another "
        "seed (left) or the other training set as well (right); solvers of one family sample the "
        f"same students (left). {'; '.join(parts)}. The highest chance level is {chance:.3f}."
    )


def _within(results: xr.Dataset, score: str, group: str) -> tuple[list[float], list[float]]:
    """A score between different families of a group, and of each with itself."""
    own = (results["member_group"] == group) & (results["member"] == results["family"])
    table = results[score].values[np.ix_(own.values, own.values)]
    pairs = table[np.triu_indices(len(table), 1)]
    return pairs.tolist(), np.diag(table).tolist()


def _advantages(results: xr.Dataset) -> str:
    parts = [
        f"RP between different diffusion families exceeds that within {group}s, of one family with "
        "another seed too, by "
        f"{float(one['advantage']):.2f} [{float(one['advantage_low']):.2f}, "
        f"{float(one['advantage_high']):.2f}] (95 %, over noises alone)"
        for group, one in ((g, results.sel(group=g)) for g in results["group"].values)
    ]
    return f"{'; '.join(parts)}.{_over_families(results)}" if parts else ""


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
    return (
        f" Over the choice of the {count} families mean RP is known to ± {2 * error:.2f} (two "
        "standard errors, jackknife)."
    )


def _quality(results: xr.Dataset) -> str:
    each = [
        f"{name} {float(one['frechet']):.3f} and {float(one['gl']):.2f}"
        for name, one in ((m, results.sel(member=m)) for m in results["member"].values)
    ]
    return (
        "Right: Fréchet distance to held-out images in the descriptor's space, dashed that of "
        f"fresh teacher samples ({float(results['frechet_teacher']):.3f}); bars are two standard "
        f"errors over four students. Fréchet distance and GL, the teacher's own "
        f"being {float(results['gl_teacher']):.2f}: {', '.join(each)}."
    )


def _solvers(results: xr.Dataset) -> str:
    counts = {f: int((results["family"] == f).sum()) for f in results["family"].values}
    parts = []
    for family, members in counts.items():
        if members > 1:
            own = results.isel(member=(results["family"] == family).values)
            errors = [
                f"{name} {float(one['solver_error']):.3f} ± {2 * float(one['solver_error_se']):.3f}"
                for name, one in ((m, own.sel(member=m)) for m in own["member"].values)
            ]
            finest = own.isel(member=int(own["evaluations"].argmax("member")))
            parts.append(
                f"PFD of solvers of {family} to {finest['member'].item()} "
                f"({int(finest['evaluations'])} evaluations): {', '.join(errors)}."
            )
    return " ".join(parts)
