"""One noise a column: teacher, students at growing N, and each one's nearest training image."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN

COLUMNS = 12


@dataclass(frozen=True)
class Row:
    """A row of the sheet: what to call it, and its images (column, channel, height, width)."""

    label: str
    images: Float[np.ndarray, "column channel height width"]
    nearest: bool = False


def draw(rows: list[Row]) -> Figure:
    """A sheet of images in [-1, 1]; rows of nearest training images are framed and smaller."""
    columns = len(rows[0].images)
    figure, panels = plt.subplots(
        len(rows),
        columns,
        figsize=(2 * COLUMN, 2 * COLUMN * len(rows) / (columns + 2.2)),
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
                spine.set_visible(row.nearest)
                spine.set_color("#0072B2")
        line[0].set_ylabel(row.label, rotation=0, ha="right", va="center", fontsize=7)
    return figure


def caption(rows: list[Row]) -> str:
    """How far each row of students is from its nearest training images."""
    parts = []
    for student, copy in zip(rows[1::2], rows[2::2], strict=True):
        distance = np.sqrt(((student.images - copy.images) ** 2).mean())
        parts.append(f"{distance:.2f} at {student.label}")
    if not parts:
        return "Samples of the teacher, one noise a column; every student shown diverged."
    return (
        "Samples from the same noises, one a column: the teacher, then students at growing N, each "
        "above its nearest training images (framed). Root mean square distance to them, per pixel "
        f"on the scale [−1, 1]: {'; '.join(parts)}."
    )
