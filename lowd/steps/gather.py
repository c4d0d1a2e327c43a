"""`lowd step gather`: one checkpoint of the students that several jobs have trained."""

from pathlib import Path

from lowd.base import Settings


class GatherStep(Settings):
    """Settings of the gather step: the N's of the grid, in the order that the parts have them."""

    samples: tuple[int, ...]


def gather(settings: GatherStep, *, part: list[Path], output: Path) -> None:
    """Put the students of all parts into the checkpoint `output`, one after another.

    Raises:
        ValueError: the parts are not of one model, or do not make up the grid.
    """
    from lowd.store.students import joined, load_students, save_students

    stacks = [load_students(path) for path in part]
    try:
        whole = joined(stacks)
    except ValueError as error:
        raise ValueError(f"--part: {error}") from None
    found = tuple(dict.fromkeys(cell["N"] for cell in whole.cells))
    if found != settings.samples:
        raise ValueError(f"--part: students of N = {found} are not those of {settings.samples}")
    save_students(output, whole)
