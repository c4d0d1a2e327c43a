"""Which marks survive which attacks: AUC of every mark after every attack."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, COLUMN, GREY, made_of, quoted
from lowd.kinds.watermark.drawing import (
    LOOKS,
    SCENARIOS,
    added,
    at_depth,
    attacks,
    marks,
    middle,
    most_found,
    named,
    quality,
    reported,
)
from lowd.watermark.ranges import JPEG, NONE

TOLD = 0.995
"""From where on colour tells a cell without its number."""


def draw(results: xr.Dataset) -> Figure:
    """A panel a scenario: rows are marks, columns attacks, beside them PSNR."""
    scenarios = results["scenario"].values.tolist()
    rows, columns = results.sizes["mark"], results.sizes["attack"]
    figure, panels = plt.subplots(
        1, len(scenarios), figsize=(2 * COLUMN, 1.3 + 0.21 * rows), squeeze=False
    )
    for place, (axes, scenario) in enumerate(zip(panels[0], scenarios, strict=True)):
        table = np.array([_row(results, mark, scenario) for mark in marks(results)])
        shown = axes.imshow(table, vmin=0.5, vmax=1, cmap="viridis", aspect="auto")
        _numbers(axes, table)
        _qualities(axes, results, scenario)
        names = [
            "8 bits" if name == NONE else named(name) for name in results["attack"].values.tolist()
        ]
        axes.set_xticks(range(columns), names, rotation=45, ha="right", rotation_mode="anchor")
        labels = [LOOKS[mark].label for mark in marks(results)]
        axes.set_yticks(range(rows), labels if place == 0 else [""] * rows, fontsize=6.5)
        axes.set_title(f"{scenario}: {SCENARIOS[scenario]}", loc="left", fontsize=7)
        axes.grid(visible=False)
        axes.tick_params(length=0)
    figure.colorbar(shown, ax=panels[0], label="AUC", fraction=0.03, pad=0.11)
    return figure


def _row(results: xr.Dataset, mark: str, scenario: str) -> np.ndarray:
    return reported(at_depth(results, mark, scenario), "auc").values


def _numbers(axes: Axes, table: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value) and value < TOLD:
            told = f"{value:.2f}".replace("0.", ".")
            colour = BLACK if value > 0.8 else "white"
            axes.text(column, row, told, ha="center", va="center", fontsize=6.5, color=colour)


def _qualities(axes: Axes, results: xr.Dataset, scenario: str) -> None:
    """PSNR, right of the table."""
    right = results.sizes["attack"] - 0.35
    for row, mark in enumerate(marks(results)):
        value = float(at_depth(results, mark, scenario)["psnr"])
        axes.text(right, row, quality(value), va="center", fontsize=6.5, color=GREY)


def caption(results: xr.Dataset) -> str:
    """What the pixels' key has over the best that a model carries, and what rings cost."""
    sigma = middle(results)
    parts = []
    for scenario in results["scenario"].values.tolist():
        numbers = []
        for mark in ("pixels", "random", "off-jacobian"):
            if mark in added(results):
                one = at_depth(results, mark, scenario)
                mean = reported(one, "auc").isel(attack=slice(1, None)).mean("attack")
                error = (reported(one, "auc_se") ** 2).isel(attack=slice(1, None)).mean() ** 0.5
                numbers.append(f"{LOOKS[mark].label} {quoted(mean, error)}")
        parts.append(f"{scenario}: {', '.join(numbers)}")
    jpeg = (attacks(results, JPEG) or [NONE])[0]
    first = str(results["scenario"].values[0])
    return (
        f"{most_found(results, first, jpeg, 'auc')}\nAUC of telling marked images from others, by "
        "mark (rows) and attack (columns), with numbers where it is under "
        f"{TOLD:g}; right, PSNR. Keys are written at σ = {sigma:g}, or in pixels, and scaled to "
        f"{results.attrs['psnr']:g} dB, but for rings, which overwrite coefficients. Mean over "
        f"attacks, {'; '.join(parts)}. {results.attrs['images']} marked and "
        f"{results.attrs['clean']} other images of {_shape(results)} pixels, "
        f"{results.attrs['keys']} keys; ± two standard errors. {made_of(results)}"
    ).strip()


def _shape(results: xr.Dataset) -> str:
    return "×".join(str(side) for side in results.attrs["shape"][1:])
