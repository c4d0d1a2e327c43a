"""What two students of disjoint data make of the same noises, and their nearest training images."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLUE, COLUMN, made_of

KEPT = 4
"""How many N to show, evenly spread over the grid."""


def draw(results: xr.Dataset) -> Figure:
    """A block an N: nearest image, student, the other student, its nearest image."""
    kept = _kept(results)
    figure = plt.figure(figsize=(COLUMN * 1.2, 1.45 * len(kept)))
    blocks = figure.subfigures(len(kept), 1, squeeze=False)[:, 0]
    for block, n in zip(blocks, kept, strict=True):
        one = results.sel({"N": n})
        (first, second), (near_first, near_second) = one["samples"].values, one["closest"].values
        rows = [
            ("nearest in $S_1$", near_first, True),
            ("trained on $S_1$", first, False),
            ("trained on $S_2$", second, False),
            ("nearest in $S_2$", near_second, True),
        ]
        panels = block.subplots(
            len(rows), len(first), squeeze=False, gridspec_kw={"wspace": 0.06, "hspace": 0.06}
        )
        block.suptitle(f"N = {n:,}", fontsize=7)
        for line, (label, images, nearest) in zip(panels, rows, strict=True):
            for axes, image in zip(line, images, strict=True):
                pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
                axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                axes.set_xticks([])
                axes.set_yticks([])
                axes.grid(visible=False)
                for spine in axes.spines.values():
                    spine.set(visible=nearest, color=BLUE, linewidth=1)
            line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=6.5)
    return figure


def caption(results: xr.Dataset) -> str:
    """How alike the two students are at each N shown."""
    kept = _kept(results)
    ends = [float(results["between_median"].sel({"N": n})) for n in (kept[0], kept[-1])]
    parts = [
        f"N = {n:,} {float(results['between_median'].sel({'N': n})):.2f} and "
        f"{float(results['nearest_median'].sel({'N': n})):.2f}"
        for n in kept
    ]
    return (
        f"Two students of disjoint data make images of median cosine {ends[0]:.2f} at N = "
        f"{kept[0]:,}, and {ends[1]:.2f} at N = {kept[-1]:,}.\nA block an N, a noise a column, "
        f"through {results.attrs['model']} trained on S₁ and on S₂, which share no image; framed "
        "in blue, each one's most similar training image. Median cosines to each other and to the "
        f"nearest training image, over noises and pairs of replicates: {'; '.join(parts)}. "
        f"{made_of(results)}"
    ).strip()


def _kept(results: xr.Dataset) -> list[int]:
    sizes = results["N"].values
    return sizes[np.linspace(0, len(sizes) - 1, min(KEPT, len(sizes))).round().astype(int)].tolist()
