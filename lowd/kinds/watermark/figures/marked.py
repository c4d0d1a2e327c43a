"""Marked images, and what the mark changed, ten times as strong."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, made_of
from lowd.kinds.watermark.drawing import LOOKS, at_depth, marks, middle, quality

COLUMNS = 5
GAIN = 10


def draw(results: xr.Dataset) -> Figure:
    """Left images, right differences; above them the images without a mark."""
    scenario = str(results["scenario"].values[0])
    names = [name for name in marks(results) if _is_there(results, name, scenario)]
    count = min(COLUMNS, results.sizes["shown"])
    figure, panels = plt.subplots(
        1 + len(names), 2 * count + 1, figsize=(2 * COLUMN, 0.25 + 0.42 * (1 + len(names))),
        gridspec_kw={"width_ratios": [1] * count + [0.25] + [1] * count,
                     "wspace": 0.05, "hspace": 0.05},
        layout="none",
    )  # fmt: skip
    figure.subplots_adjust(left=0.24, right=0.995, top=0.955, bottom=0.005)
    before = results.sel(scenario=scenario, sigma=middle(results))["unmarked"].values
    for axes in panels.flat:
        axes.set_axis_off()
    for row, name in enumerate([None, *names]):
        line = panels[row]
        label = "unmarked"
        after = before
        if name is not None:
            one = at_depth(results, name, scenario)
            before = one["unmarked"].values
            after, label = (
                one["marked"].values,
                f"{LOOKS[name].label}\n{quality(float(one['psnr']), 1)}",
            )
        line[0].text(
            -0.12, 0.5, label, ha="right", va="center", transform=line[0].transAxes, fontsize=6.5
        )
        for at in range(count):
            _show(line[at], after[at])
            if name is not None:
                _show(line[count + 1 + at], GAIN * (after[at] - before[at]))
    panels[0, count // 2].set_title("marked", fontsize=7)
    panels[0, count + 1 + count // 2].set_title(f"difference × {GAIN}", fontsize=7)
    return figure


def _is_there(results: xr.Dataset, name: str, scenario: str) -> bool:
    return bool(at_depth(results, name, scenario)["psnr"].notnull())


def _show(axes: Axes, image: np.ndarray) -> None:
    """−1 is black and 1 white; of a difference 0 is grey."""
    pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
    axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def caption(results: xr.Dataset) -> str:
    """PSNR and SSIM of every mark."""
    scenario = str(results["scenario"].values[0])
    parts, psnrs = [], {}
    for name in marks(results):
        one = at_depth(results, name, scenario)
        if bool(one["psnr"].notnull()):
            psnrs[name] = float(one["psnr"])
            told = quality(psnrs[name], 1)
            parts.append(f"{LOOKS[name].label} {told}, SSIM {float(one['ssim']):.2f}")
    most = min(psnrs, key=psnrs.__getitem__)
    return (
        f"Changes most: {LOOKS[most].label} ({quality(psnrs[most], 1)}).\nThe same images with "
        f"every mark ({scenario}, σ = {middle(results):g}), and what it changed, × {GAIN}; grey is "
        f"no change. {'; '.join(parts)}. {made_of(results)}"
    ).strip()
