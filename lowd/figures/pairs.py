"""What two students of disjoint data make of the same noises, and their nearest training images."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN

KEPT = 4
"""How many N to show, evenly spread over the grid."""


def draw(results: xr.Dataset) -> Figure:
    """Four rows an N: nearest image, student, the other student, its nearest image."""
    kept = _kept(results)
    rows = []
    for n in kept:
        one = results.sel({"N": n})
        rows += [
            ("nearest in $S_1$", one["closest"].isel(side=0).values, True),
            (f"$S_1$, N = {n:,}", one["samples"].isel(side=0).values, False),
            (f"$S_2$, N = {n:,}", one["samples"].isel(side=1).values, False),
            ("nearest in $S_2$", one["closest"].isel(side=1).values, True),
        ]
    columns = results.sizes["shown"]
    heights = [1.35 if at % 4 == 3 and at + 1 < len(rows) else 1 for at in range(len(rows))]
    figure = plt.figure(figsize=(COLUMN * 1.2, 0.29 * len(rows)))
    panels = figure.subplots(
        len(rows), columns, squeeze=False,
        gridspec_kw={"wspace": 0.05, "hspace": 0.05, "height_ratios": heights},
    )  # fmt: skip
    for line, (label, images, nearest) in zip(panels, rows, strict=True):
        for axes, image in zip(line, images, strict=True):
            pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
            axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.grid(visible=False)
            axes.set_anchor("N")
            for spine in axes.spines.values():
                spine.set(visible=nearest, color=BLUE, linewidth=1)
        line[0].text(
            -0.2, 0.5, label, ha="right", va="center", transform=line[0].transAxes, fontsize=6
        )
    return figure


def caption(results: xr.Dataset) -> str:
    """How alike the two students are at each N shown."""
    parts = [
        f"N = {n:,}: median cosine {float(results['between_median'].sel({'N': n})):.2f} to each "
        f"other, {float(results['nearest_median'].sel({'N': n})):.2f} to the nearest training image"
        for n in _kept(results)
    ]
    return (
        f"The same noises through {results.attrs['model']} trained on S₁ and on S₂, which share no "
        f"image; framed in blue, each one's most similar training image. {'; '.join(parts)}."
    )


def _kept(results: xr.Dataset) -> list[int]:
    sizes = results["N"].values
    return sizes[np.linspace(0, len(sizes) - 1, min(KEPT, len(sizes))).round().astype(int)].tolist()
