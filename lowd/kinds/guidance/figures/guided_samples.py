"""Samples of growing guidance from the same noises: of a student and of exact denoisers."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, GREY, made_of

NAMES = {"student": "student", "gaussian": "linear: Gaussian", "mixture": "exact: mixture"}
GAP = 0.25
"""Height of the space between references, in images."""


def draw(results: xr.Dataset) -> Figure:
    """A block a reference, a row a weight, a column a class and its noise."""
    columns, rows = results.sizes["class"], results.sizes["weight"]
    heights = [1.0] * rows + [GAP]
    figure = plt.figure(figsize=(COLUMN * 1.3, COLUMN * 1.3 * (3 * (rows + GAP)) / (columns + 2.6)))
    figure.set_layout_engine("none")
    grid = figure.add_gridspec(
        3 * len(heights), columns, height_ratios=heights * 3, left=0.19, right=0.99, top=0.98,
        bottom=0.0, wspace=0.05, hspace=0.05,
    )  # fmt: skip
    for block, (name, label) in enumerate(NAMES.items()):
        for row, weight in enumerate(results["weight"].values):
            images = results["samples"].sel(shown=name, weight=weight).values
            for column, image in enumerate(images):
                axes = figure.add_subplot(grid[block * len(heights) + row, column])
                pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
                axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                axes.set(xticks=[], yticks=[])
                axes.grid(False)
                for spine in axes.spines.values():
                    spine.set_visible(False)
                if column == 0:
                    axes.set_ylabel(
                        f"$\\gamma$ = {weight:g}", rotation=0, ha="right", va="center",
                        fontsize=6.5, color=GREY,
                    )  # fmt: skip
                if column == 0 and row == rows // 2:
                    axes.text(
                        -1.9, 0.5, label, rotation=90, ha="center", va="center", fontsize=7,
                        transform=axes.transAxes,
                    )  # fmt: skip
    return figure


def caption(results: xr.Dataset) -> str:
    """What is a column, and how far values leave the range of images."""
    out = results["student_out_of_range"].mean("replicate")
    shares = [f"{float(share):.1%} at γ = {float(share['weight']):g}" for share in out]
    linear = results["out_of_range"].sel(reference="gaussian").isel(weight=-1)
    return (
        f"Under linear guidance {float(linear):.1%} of numbers leave the range of images at γ = "
        f"{float(linear['weight']):g}, in students {float(out[-1]):.1%}.\nSamples from the same "
        "noises under growing guidance, a class a column: one student, the exact denoiser of a "
        "class's Gaussian guided by the Gaussian of all, and the same guided by the exact mixture "
        "of all classes. Grey levels are cut at black and white. Numbers beyond ±1.1 in students: "
        f"{', '.join(shares)}. {made_of(results)}"
    ).strip()
