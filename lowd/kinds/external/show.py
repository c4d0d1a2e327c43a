"""`lowd step show`: the sample sheet of students that were trained elsewhere."""

from pathlib import Path

from lowd.base import Settings

COLUMNS, ROWS = 12, 5
"""Noises, and how many N, evenly spread over the grid."""


class ShowStep(Settings):
    """Settings of the step: the name of the model shown."""

    name: str


def show(
    settings: ShowStep,
    *,
    teacher: Path,
    generated: Path,
    sets: Path,
    output: list[Path],
    lineage: str | None = None,
) -> None:
    """Draw teacher, students at growing N and their nearest training images, one noise a column.

    Of each N it is the first replicate that is not missing.
    """
    from importlib import import_module

    import numpy as np

    from lowd.figures.export import export
    from lowd.figures.find import figure_module
    from lowd.figures.style import styled
    from lowd.kinds.external.sets import Sets
    from lowd.metrics.neighbours import nearest
    from lowd.store.arrays import read_store

    sheet = import_module(figure_module("samples"))
    given = Sets.of(read_store(sets))
    samples = read_store(generated, finite=False)["samples"]
    whole = {
        n: (replicate, samples.sel(N=n, replicate=replicate).values[:COLUMNS])
        for replicate in reversed(samples["replicate"].values.tolist())
        for n in samples["N"].values.tolist()
        if (n, replicate) in given.rows
        and np.isfinite(samples.sel(N=n, replicate=replicate).values).all()
    }
    rows = [sheet.Row("teacher", read_store(teacher)["samples"].values[:COLUMNS])]
    sizes = sorted(whole)
    shown = np.linspace(0, len(sizes) - 1, min(ROWS, len(sizes))).round().astype(int)
    for n in (sizes[index] for index in shown):
        replicate, images = whole[n]
        training = given.points[given.rows[n, replicate]]
        _, closest = nearest(images.reshape(len(images), -1), training.reshape(n, -1))
        rows.append(sheet.Row(f"N = {n:,}", images))
        rows.append(sheet.Row("nearest training", training[closest.numpy()], nearest=True))
    with styled():
        export(sheet.draw(rows), sheet.caption(rows), output, lineage)
