"""`lowd step sheet-generations`: what generations of students make of the same noises."""

from pathlib import Path

from lowd.base import Settings


class SheetGenerationsStep(Settings):
    """Settings of the sheet_generations step.

    Attributes:
        modes: in the order of the stores, which come as for the scores.
        generations: how many there are.
        samples: the N shown.
        columns: how many noises.
        rows: how many generations of a mode to show at most, evenly spread.
    """

    modes: tuple[str, ...]
    generations: int
    samples: int
    columns: int = 12
    rows: int = 3


def sheet_generations(
    settings: SheetGenerationsStep,
    *,
    teacher: Path,
    generated: list[Path],
    output: list[Path],
    lineage: str | None = None,
) -> None:
    """Draw teacher, first generation and later ones of every mode, one noise a column."""
    import numpy as np

    from lowd.figures.export import export
    from lowd.figures.style import styled
    from lowd.kinds.collapse.figures.samples import Row, caption, draw
    from lowd.store.arrays import read_store

    def shown(path: Path) -> np.ndarray:
        samples = read_store(path, finite=False)["samples"].isel(replicate=0)
        return samples.sel(N=settings.samples).values[: settings.columns]

    first, later = generated[0], generated[1:]
    rows = [
        Row("teacher", read_store(teacher)["samples"].values[: settings.columns]),
        Row("first generation", shown(first)),
    ]
    each = settings.generations - 1
    picked = np.linspace(0, each - 1, min(settings.rows, each)).round().astype(int)
    for place, mode in enumerate(settings.modes):
        for at in picked.tolist():
            images = shown(later[place * each + at])
            if np.isfinite(images).all():
                rows.append(Row(f"{mode}, generation {at + 1}", images))
    with styled():
        export(draw(rows), caption(rows, settings.samples), output, lineage)
