"""Where an edit's change goes, against how much of it there is."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, GREY, listed, quoted
from lowd.kinds.editing.drawing import STARTS, colour, label, middle_strength

MARKERS = {"random": "X", "random-in-region": "P", "singular-1": "o", "region": "s", "best": "*"}
NAMED = {"best": "the generalised eigenvector", "random": "a random one"}
SIZES = {"best": 8.0, "random": 5.5, "random-in-region": 5.5}


def draw(results: xr.Dataset) -> Figure:
    """A row a denoiser, a panel a σ: a point a direction, filled for sampled images."""
    rows, columns = results.sizes["denoiser"], results.sizes["sigma"]
    figure, panels = plt.subplots(
        rows, columns, figsize=(2 * COLUMN, 0.5 + 2.4 * rows), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    shown = [name for name in results["direction"].values.tolist() if _is_shown(name)]
    for line, denoiser in zip(panels, results["denoiser"].values, strict=True):
        for axes, sigma in zip(line, results["sigma"].values, strict=True):
            one = results.sel(denoiser=denoiser, sigma=sigma, strength=middle_strength(results))
            for start in results["start"].values:
                _points(axes, one.sel(start=start), shown, filled=bool(start == "noise"))
            axes.axhline(results.attrs["area"], color=GREY, ls=":", lw=0.9)
            name = "" if rows == 1 else f"{denoiser}, "
            axes.set_title(f"{name}$\\sigma$ = {sigma:g}")
        line[0].set_ylabel("share of the change\ninside the region")
    for axes in panels[-1]:
        axes.set_xlabel("change of the image / length of the edit")
    panels[0, 0].set_xlim(left=0)
    panels[0, 0].set_ylim(0, 1.03)
    edits = ", ".join(str(protected) for protected in results.attrs["protect"][1:])
    handles = [
        Line2D(
            [], [], ls="-" if name == edited else "", marker=_marker(name), color=colour(name),
            label=f"LOCO, r′ = {edits}" if name == edited else label(name),
            ms=SIZES.get(name, 4.5),
        )
        for edited in [f"loco-{results.attrs['protect'][-1]}"]
        for name in shown
        if name == edited or not name.startswith("loco")
    ]  # fmt: skip
    if results.sizes["start"] > 1:
        handles += [
            Line2D([], [], ls="", marker="o", ms=4.5, color=BLACK, label=STARTS["noise"]),
            Line2D([], [], ls="", marker="o", ms=4.5, color=BLACK, mfc="none",
                   label=STARTS["images"]),
        ]  # fmt: skip
    handles.append(Line2D([], [], color=GREY, ls=":", label="area of the region"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _points(axes: Axes, one: xr.Dataset, shown: list[str], filled: bool) -> None:
    edits = one.sel(direction=[name for name in shown if name.startswith(("region", "loco"))])
    axes.plot(
        edits["end_gain"], edits["end_locality"], color=colour("loco-1"), lw=0.7, alpha=0.6,
        ls="-" if filled else "--",
    )  # fmt: skip
    for name in shown:
        point = one.sel(direction=name)
        axes.errorbar(
            float(point["end_gain"]), float(point["end_locality"]),
            xerr=2 * float(point["end_gain_se"]), yerr=2 * float(point["end_locality_se"]),
            marker=_marker(name), ms=SIZES.get(name, 4.5), color=colour(name),
            mfc=colour(name) if filled else "white", lw=0.7, zorder=3,
        )  # fmt: skip


def _is_shown(name: str) -> bool:
    """All directions but singular vectors beyond the first."""
    return not name.startswith("singular") or name == "singular-1"


def _marker(name: str) -> str:
    return MARKERS.get(name, "D")


def caption(results: xr.Dataset) -> str:
    """Locality and gain of the directions that matter, at every σ."""
    strength, protected = middle_strength(results), results.attrs["protect"][-1]
    one = results.isel(denoiser=0, start=0).sel(strength=strength)
    most: dict[str, list[str]] = {}
    parts = []
    for sigma in results["sigma"].values:
        at = one.sel(sigma=sigma)
        first = str(at["direction"].values[int(at["end_locality"].argmax("direction"))])
        most.setdefault(NAMED.get(first, label(first)), []).append(f"{sigma:g}")
        numbers = [
            f"{label(name)} {quoted(point['end_locality'], point['end_locality_se'])}"
            for name in ("random", f"loco-{protected}")
            for point in [at.sel(direction=name)]
        ]
        parts.append(f"at σ = {sigma:g} {', '.join(numbers)}")
    first_of = [f"{name} at σ = {listed(sigmas)}" for name, sigmas in most.items()]
    ends = [parts[0], parts[-1]] if len(parts) > 1 else parts
    return (
        f"The most local direction is {listed(first_of)}.\nShare of the "
        "image's squared change that lies in the region, "
        f"{results.attrs['area']:.0%} of the image, against its gain, the length of that change "
        f"over the edit's, λ = {strength:g}σ. A point is a direction of each image's own Jacobian "
        "J; along the line ever more directions of the rest, r′, are projected out; the "
        "generalised eigenvector changes most inside for its change outside. Shares: "
        f"{'; '.join(ends)}. Means over {results.attrs['images']} images, filled for sampled and "
        f"open for inverted ones, bars two standard errors."
    ).strip()
