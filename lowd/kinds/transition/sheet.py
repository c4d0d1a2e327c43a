"""`lowd step sheet`: the sample sheet of a study of images."""

from pathlib import Path

from lowd.base import Settings


class SheetStep(Settings):
    """Settings of the sheet step; `name` is the model shown."""

    name: str
    replicates: int
    columns: int = 12
    rows: int = 5
    """How many N to show, evenly spread over the grid."""


def sheet(
    settings: SheetStep,
    *,
    teacher: Path,
    generated: Path,
    pool: Path,
    output: list[Path],
    lineage: str | None = None,
) -> None:
    """Draw teacher, students at growing N and their nearest training images, one noise a column."""
    import numpy as np

    from lowd.figures.export import export
    from lowd.figures.style import styled
    from lowd.kinds.transition.figures.samples import Row, caption, draw
    from lowd.metrics.neighbours import nearest
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store

    points = read_store(pool)["samples"].values
    samples = read_store(generated, finite=False)["samples"].isel(replicate=0)
    sizes = samples["N"].values.tolist()
    sets = training_rows(len(points), sizes, settings.replicates)
    rows = [Row("teacher", read_store(teacher)["samples"].values[: settings.columns])]
    shown = np.linspace(0, len(sizes) - 1, min(settings.rows, len(sizes))).round().astype(int)
    for n in (sizes[index] for index in shown):
        images = samples.sel(N=n).values[: settings.columns]
        if not np.isfinite(images).all():
            continue
        training = points[sets[n, 0]]
        _, closest = nearest(images.reshape(len(images), -1), training.reshape(n, -1))
        rows.append(Row(f"N = {n:,}", images))
        rows.append(Row("nearest training", training[closest.numpy()], nearest=True))
    with styled():
        export(draw(rows), caption(rows), output, lineage)
