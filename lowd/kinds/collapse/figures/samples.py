"""One noise a column: the teacher, and students of later and later generations."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN


@dataclass(frozen=True)
class Row:
    """A row of the sheet: what to call it, and its images (column, channel, height, width)."""

    label: str
    images: Float[np.ndarray, "column channel height width"]


def draw(rows: list[Row]) -> Figure:
    """A sheet of images in [-1, 1]."""
    columns = len(rows[0].images)
    figure, panels = plt.subplots(
        len(rows),
        columns,
        figsize=(2 * COLUMN, 2 * COLUMN * len(rows) / (columns + 3.2)),
        gridspec_kw={"wspace": 0.05, "hspace": 0.05},
        squeeze=False,
    )
    for row, line in zip(rows, panels, strict=True):
        for axes, image in zip(line, row.images, strict=True):
            pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
            axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            for spine in axes.spines.values():
                spine.set_visible(False)
        line[0].set_ylabel(row.label, rotation=0, ha="right", va="center", fontsize=7)
    return figure


def caption(rows: list[Row], samples: int) -> str:
    """How far each row is from the teacher's."""
    parts = [
        f"{row.label} {np.sqrt(((row.images - rows[0].images) ** 2).mean()):.2f}"
        for row in rows[1:]
    ]
    return (
        f"The last row ({rows[-1].label}) is {parts[-1].split()[-1]} from the teacher's, the first "
        f"below it {parts[0].split()[-1]}.\nWhat generations of students, each of N = "
        f"{samples:,}, make of the noises that the first row's teacher starts from, one a column. "
        "Root mean square distance to the teacher's samples shown, per pixel on the scale [−1, 1]: "
        f"{', '.join(parts)}."
    )
