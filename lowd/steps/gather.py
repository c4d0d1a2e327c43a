"""`lowd step gather`: one checkpoint of the students that several jobs have trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    from lowd.store.students import Students


class GatherStep(Settings):
    """Settings of the gather step: the N's of the grid, in the order that the parts have them."""

    samples: tuple[int, ...]


def gather(settings: GatherStep, *, part: list[Path], output: Path) -> None:
    """Put the students of all parts into the checkpoint `output`, one after another.

    Raises:
        ValueError: the parts are not of one model, or do not make up the grid.
    """
    from dataclasses import replace

    import torch

    from lowd.store.students import load_students, save_students

    stacks = [load_students(path) for path in part]
    first = stacks[0]
    for path, stack in zip(part, stacks, strict=True):
        if _kind(stack) != _kind(first):
            raise ValueError(f"{path}: students of another model than those of {part[0]}")
    cells = [cell for stack in stacks for cell in stack.cells]
    found = tuple(dict.fromkeys(cell["N"] for cell in cells))
    if found != settings.samples:
        raise ValueError(f"--part: students of N = {found} are not those of {settings.samples}")
    whole = replace(
        first,
        cells=cells,
        weights={
            name: torch.cat([stack.weights[name] for stack in stacks]) for name in first.weights
        },
        diverged=torch.cat([stack.diverged for stack in stacks]),
        losses=torch.cat([stack.losses for stack in stacks]),
    )
    save_students(output, whole)


def _kind(stack: "Students") -> tuple[object, ...]:
    return stack.model, stack.shape, stack.sigma_data, stack.aim, stack.losses.shape[1]
