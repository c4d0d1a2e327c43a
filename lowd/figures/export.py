"""Figures to files, the same bytes each time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lowd.store.atomic import staged

DPI = 220
# Neither the time nor the version of matplotlib belongs in a figure that git tracks.
METADATA: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
}


def export(figure: Figure, paths: Sequence[Path]) -> None:
    """Save the figure to every path and close it.

    Raises:
        ValueError: a path is neither .svg nor .png.
    """
    for path in paths:
        if path.suffix not in METADATA:
            raise ValueError(f"{path}: figures are .svg or .png")
        with staged(path) as draft:
            figure.savefig(draft, dpi=DPI, metadata=METADATA[path.suffix])
    plt.close(figure)
