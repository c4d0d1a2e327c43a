"""Cells made again otherwise, which must not agree; and with other rounding, which must."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from places import STUDIES, Place, forked
from rows import Row

HEADING = "Cells made again"
TEXT = """\
Every cell was trained, sampled and scored again. *Detected*: `lowd audit --rederive` called it
different. *Lost*: it did so though rounding alone sets the cells apart."""

ROUNDING = 1e-6
"""Of weights, relative: what another instruction set or number of threads does, and more."""
ALL = 100
"""More cells than there are."""


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    place.put_back()
    for said, changes, agrees in (
        ("cells trained, sampled or weighted otherwise", OTHERWISE, False),
        ("cells made again with other rounding", ROUNDED, True),
    ):
        tried = right = 0
        for study in STUDIES:
            for change in changes:
                place.put_back()
                found = forked(_made_again, place.path, study, change)
                tried += len(found)
                right += sum(each == agrees for each in found.values())
                for cell, each in found.items():
                    if each != agrees:
                        print(f"{study}, {change.__name__}: {cell}", flush=True)
        told = "audit --rederive"
        if agrees:
            yield Row(f"{said}, in {len(changes)} ways: the same", "–", tried, None, tried - right)
        else:
            yield Row(f"{said}, in {len(changes)} ways", told, tried, right, 0)


def _made_again(folder: Path, study: str, change: Callable[[Any], None]) -> dict[str, bool]:
    """Whether each cell of the study agrees."""
    import pytest

    from lowd.cli.recheck import recheck

    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patch:
        change(patch)
        return {each.cell: each.agrees for each in recheck([study], ALL)}


def no_training(patch: Any) -> None:
    from test_recheck import switch_off_training

    switch_off_training(patch)


def another_seed(patch: Any) -> None:
    from test_recheck import take_another_seed

    take_another_seed(patch)


def another_solver(patch: Any) -> None:
    from test_recheck import keep_training, take_another_solver

    take_another_solver(patch)
    keep_training(patch)


def a_step_less(patch: Any) -> None:
    from test_recheck import keep_training, take_a_step_less

    take_a_step_less(patch)
    keep_training(patch)


def weights_of_another_cell(patch: Any) -> None:
    """The stack trained again has every student's weights one place further."""
    _change_trained(patch, _rolled)


def stored_weights_of_another_cell(patch: Any) -> None:
    """So has the one that is stored."""
    _change_stored(_rolled)


def rounded_weights(patch: Any) -> None:
    """The stack trained again ends elsewhere by rounding."""
    _change_trained(patch, _rounded)


def rounded_stored_weights(patch: Any) -> None:
    """So did the one that is stored, and is nearly what its samples are of."""
    _change_stored(_rounded)


def rounded_first_weights(patch: Any) -> None:
    """Training begins elsewhere by rounding, which grows."""
    from lowd.training import trainer

    initialise = trainer.initialise

    def rounded(stack: Any, draws: Any) -> None:
        import torch

        initialise(stack, draws)
        with torch.no_grad():
            for weight in stack.parameters():
                weight.copy_(_rounded(weight))

    patch.setattr(trainer, "initialise", rounded)


def two_threads(patch: Any) -> None:
    """Where the workflow has one."""
    import torch

    torch.set_num_threads(2)
    patch.setattr(torch, "set_num_threads", lambda threads: None)
    patch.setattr("lowd.cli.rederive.threadpool_limits", lambda threads: nullcontext())


OTHERWISE = (
    *(no_training, another_seed, another_solver, a_step_less),
    *(weights_of_another_cell, stored_weights_of_another_cell),
)
ROUNDED = (rounded_weights, rounded_stored_weights, rounded_first_weights, two_threads)


def _rolled(weight: Any) -> Any:
    return weight.roll(1, 0)


def _rounded(weight: Any) -> Any:
    import torch

    draw = torch.Generator().manual_seed(weight.numel())
    return weight * (1 + ROUNDING * torch.randn(weight.shape, generator=draw))


def _changed(path: Path, change: Callable[[Any], Any]) -> Any:
    """The students of a checkpoint with other weights."""
    from lowd.store.students import load_students

    students = load_students(path)
    weights = {name: change(weight) for name, weight in students.weights.items()}
    return replace(students, weights=weights)


def _change_stored(change: Callable[[Any], Any]) -> None:
    from lowd.store.students import save_students

    for path in Path("data").glob("*/students/*/weights.safetensors"):
        save_students(path, _changed(path, change))


def _change_trained(patch: Any, change: Callable[[Any], Any]) -> None:
    """Have training again leave what is stored, with other weights."""
    from lowd.cli import recheck as rechecking
    from lowd.cli.rederive import run_again
    from lowd.steps.train import TrainStep
    from lowd.store.students import save_students

    def again(
        job: Any, folder: Path, instead: Mapping[Path, Path] = MappingProxyType({})
    ) -> dict[Path, Path]:
        if not isinstance(job.settings, TrainStep):
            return run_again(job, folder, instead)
        (path,) = job.outputs
        save_students(folder / path.name, _changed(path, change))
        return {path: folder / path.name}

    patch.setattr(rechecking, "run_again", again)
