"""Laws on trial, a line each: what was measured against what is claimed, and the verdict."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, BLUE, COLUMN, GREY, ORANGE, VERMILION
from lowd.kinds.laws.declaration import FAILS, HOLDS, OPEN
from lowd.kinds.laws.weigh import DEPENDS, NOT, REPRODUCED, UNDECIDED

LOOKS = {
    HOLDS: ("holds", BLUE, "o", BLUE),
    FAILS: ("does not", VERMILION, "s", "white"),
    OPEN: ("interval does not tell, or none", GREY, "|", GREY),
}
"""Of what is said of a row its label, colour, marker, and what fills that."""
VERDICTS = {
    REPRODUCED: ("●", BLUE),
    DEPENDS: ("◐", ORANGE),
    NOT: ("□", VERMILION),
    UNDECIDED: ("–", GREY),
}
LINE, ROW = 0.34, 0.05
"""Height of a law, and what every row of it adds, in inches."""
SYMBOLS = {"E_gen²": r"$\mathcal{E}_{gen}^2$", "E_gen": r"$\mathcal{E}_{gen}$", "N*": r"$N^\ast$"}
SHADE = "#e8eff5"
MARGIN = 0.2
"""Above the first row and below the last, in rows."""
BEYOND = 1.6
"""How far a panel reaches, in units of the value farthest from what is claimed."""


def draw(results: xr.Dataset) -> Figure:
    """A panel a law, on a scale of its own; what is claimed is in the middle."""
    laws = results["law"].values.tolist()
    heights = [LINE + ROW * (results["row_law"] == law).sum().item() for law in laws]
    size = 2 * COLUMN, 0.6 + sum(heights)
    figure, panels = plt.subplots(len(laws), 1, figsize=size, height_ratios=heights, squeeze=False)
    for axes, law in zip(panels[:, 0], laws, strict=True):
        of_law = (results["row_law"] == law).values
        _law(axes, results.isel(row=of_law).sel(law=law))
    handles = [
        Line2D([], [], color=colour, marker=marker, mfc=fill, ls="-", lw=1, label=label)
        for label, colour, marker, fill in LOOKS.values()
    ]
    handles.append(Line2D([], [], color=BLACK, ls=":", label="claimed"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _law(axes: Axes, rows: xr.Dataset) -> None:
    places = range(rows.sizes["row"])
    claimed = rows["claimed"].values
    for holds, (label, colour, marker, fill) in LOOKS.items():
        for at in (at for at in places if rows["holds"].values[at] == holds):
            value, low, high = (float(rows[end][at]) for end in ("value", "low", "high"))
            reach = np.clip([[value - low], [high - value]], 0, None)
            axes.errorbar(
                [value], [at], xerr=reach, fmt=marker, color=colour, mfc=fill, ms=3.5,
                elinewidth=1, label=label,
            )  # fmt: skip
    axes.set_ylim(len(places) - 0.5 + MARGIN, -0.5 - MARGIN)
    for at in places:
        _claimed(axes, str(rows["relation"].item()), float(claimed[at]), at)
    _scale(axes, rows["value"].values, claimed)
    told = zip(rows["study"].values.tolist(), rows["case"].values.tolist(), strict=True)
    axes.set_yticks(places, [": ".join(filter(None, row)) for row in told], visible=False)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_ylabel(
        _typeset(str(rows["name"].item())), rotation=0, ha="right", va="center", labelpad=16
    )
    _verdict(axes, str(rows["verdict"].item()), rows["holds"].values)


def _typeset(name: str) -> str:
    """A law's name with the symbols of other figures."""
    for plain, symbol in SYMBOLS.items():
        name = name.replace(plain, symbol)
    return name


def _claimed(axes: Axes, relation: str, value: float, at: int) -> None:
    """A dotted line at what is claimed of a row; of a bound, the side that is claimed is shaded."""
    bottom, top = axes.get_ylim()
    low, high = ((at + end - bottom) / (top - bottom) for end in (0.5, -0.5))
    axes.axvline(value, low, high, color=BLACK, ls=":", lw=0.9, zorder=0)
    if relation != "=":
        far = 1e6 if relation == ">" else -1e6
        axes.axvspan(value, value + far, low, high, color=SHADE, lw=0, zorder=-1)


def _scale(axes: Axes, values: np.ndarray, claimed: np.ndarray) -> None:
    """What is claimed in the middle, and the farthest value within; round numbers at ticks."""
    finite = np.isfinite(values)
    middle = float(np.mean([claimed.min(), claimed.max()]))
    away = float(np.abs(np.concatenate([values[finite], claimed]) - middle).max()) or 1.0
    axes.set_xlim(middle - BEYOND * away, middle + BEYOND * away)
    step = 10 ** np.floor(np.log10(away))
    step *= max(times for times in (1, 2, 5) if times * step <= away * 1.001)
    ticks = sorted({float(value) for value in claimed})
    ticks = ticks if len(ticks) > 1 else [middle - step, middle, middle + step]
    axes.set_xticks(ticks, [f"{tick:.3g}".replace("-", "−") for tick in ticks])
    axes.tick_params(axis="x", labelsize=6.5, pad=1, length=2)


def _verdict(axes: Axes, verdict: str, holds: np.ndarray) -> None:
    """Beside the panel, at distances in points, which the layout leaves room for."""
    shape, colour = VERDICTS[verdict]
    told = int((holds != OPEN).sum())
    held = f"{int((holds == HOLDS).sum())} of {told} rows"
    beside: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(
        f"{shape} {verdict}", (1, 0.5), (6, 1), color=colour, weight="bold", va="bottom", **beside
    )
    axes.annotate(held, (1, 0.5), (16, 0), color=GREY, fontsize=6.5, va="top", **beside)


def caption(results: xr.Dataset) -> str:
    """How many laws came out how."""
    verdicts = results["verdict"].values.tolist()
    counts = {name: verdicts.count(name) for name in VERDICTS}
    open_rows = int((results["holds"] == OPEN).sum())
    return (
        f"Of {len(verdicts)} laws {counts[REPRODUCED]} are reproduced, {counts[NOT]} not, "
        f"{counts[DEPENDS]} depending on where they are measured; {counts[UNDECIDED]} cannot be "
        "told.\nA panel a law, on a scale of its own around what is claimed (dotted; of a bound "
        "the side that is claimed is shaded). Points are rows, from the top as the table has them, "
        "with 95 % intervals, which may run out of a panel. A law is reproduced if all rows that "
        "tell hold; beside the verdict, how many of them do. "
        f"{open_rows} of {results.sizes['row']} rows do not tell: their interval reaches both, or "
        "too few sizes or replicates give none. Nothing is corrected for there being many rows."
    )
