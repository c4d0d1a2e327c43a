"""Figures to files, the same bytes each time."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lowd.figures.embedded import KEY, URN
from lowd.figures.plotted import table
from lowd.store.atomic import staged

DPI = 220


def export(figure: Figure, caption: str, paths: Sequence[Path], lineage: str | None = None) -> None:
    """Save the figure to every path and close it; caption and lineage go into its metadata.

    Args:
        figure: what to save.
        caption: what is seen, with numbers.
        paths: .svg and .png for the figure, .txt for the caption by itself, .csv for every point
            that is plotted.
        lineage: the lineage id, by which a copy of the file can still be traced.

    Raises:
        ValueError: a path has another suffix.
    """
    # Neither the time nor the version of matplotlib belongs in a figure that git tracks.
    metadata: dict[str, dict[str, str | None]] = {
        ".svg": {"Date": None, "Creator": None, "Description": caption},
        ".png": {"Software": None, "Description": caption},
    }
    if lineage is not None:
        metadata[".svg"]["Identifier"] = URN + lineage
        metadata[".png"][KEY] = lineage
    for path in paths:
        with staged(path) as draft:
            if path.suffix == ".txt":
                draft.write_text(caption + "\n")
            elif path.suffix == ".csv":
                draft.write_text(table(figure))
            elif path.suffix in metadata:
                figure.savefig(draft, dpi=DPI, metadata=metadata[path.suffix])
            else:
                raise ValueError(f"{path}: figures are .svg or .png, captions .txt")
    plt.close(figure)
