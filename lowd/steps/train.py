"""`lowd step train`: one stack of students, every cell of one model."""

import hashlib
import json
from dataclasses import replace
from math import ceil, gcd
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.store.cells import Cells
from lowd.training.compute import ComputeSettings
from lowd.training.settings import BLOCK, ObjectiveSettings, TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from torch import Tensor

    from lowd.store.cells import Place
    from lowd.store.students import Students
    from lowd.training.draws import Cell

FULL, LANES = 8, 16
"""Students that a stack of U-Nets has at least, and channels that a processor takes at once.

Grouped convolutions round otherwise for fewer groups, and in what is left over of whole lanes.
"""
WIDEST = 32
"""Channels of networks whose stacks are filled up: a student more of wider ones costs too much."""


class TrainStep(Settings):
    """Settings of the train step; those that are left out leave no trace in its statement.

    Attributes:
        seeds: how many students learn from every training set. Their streams then go by N and
            seed alone, so that students of different sets and one seed differ in nothing else; if
            it is not given, every training set has one student with streams of its own.
        snapshots: steps after which students are kept, instead of the last.
        objective: what they learn, if it is not denoising in EDM's way.
        compute: precision and backend, if not single precision and grouped convolutions.
    """

    seed: int
    model: ModelSettings
    samples: tuple[int, ...]
    replicates: int
    training: TrainingSettings
    seeds: int | None = Field(default=None, ge=1, exclude_if=lambda seeds: seeds is None)
    snapshots: tuple[int, ...] = Field(default=(), exclude_if=lambda steps: not steps)
    objective: ObjectiveSettings | None = Field(default=None, exclude_if=lambda one: one is None)
    compute: ComputeSettings | None = Field(default=None, exclude_if=lambda one: one is None)

    @model_validator(mode="after")
    def _snapshots_can_be_taken(self) -> "TrainStep":
        check_snapshots(self.snapshots, self.training)
        return self


def check_snapshots(snapshots: tuple[int, ...], training: TrainingSettings) -> None:
    """Raise ValueError unless training passes through the steps, which its blocks end at."""
    for at, step in enumerate(snapshots):
        if not 0 < step <= training.steps:
            raise ValueError(
                f"snapshots[{at}]: {step} is beyond training, which has {training.steps} steps"
            )
        if step % BLOCK and step != training.steps:
            raise ValueError(
                f"snapshots[{at}]: {step} is no multiple of {BLOCK}, nor the last step"
            )
    if list(snapshots) != sorted(set(snapshots)):
        raise ValueError(f"snapshots: {list(snapshots)} must ascend without repetition")


def student_name(settings: TrainStep) -> str:
    """What the students' random streams are named by: what they are, not what a study calls them.

    Settings that are left at their defaults leave no trace, so that a new one renames nothing.
    """
    model = {"architecture": settings.model.architecture}
    content = [model | settings.model.model_dump(mode="json", exclude_defaults=True)]
    if settings.objective is not None:
        aim = settings.objective
        content.append({"kind": aim.kind} | aim.model_dump(mode="json", exclude_defaults=True))
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{settings.model.architecture}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def train(
    settings: TrainStep,
    *,
    pool: Path,
    output: Path,
    scratch: Path | None = None,
    cells: Cells | None = None,
) -> None:
    """Train the stack, each student on its training set; leave the checkpoint `output`.

    Students that an earlier job has trained, by `cells`, are taken from its checkpoint.
    """
    import torch

    from lowd.device import pick_device
    from lowd.steps.resumable import train_resumably
    from lowd.store.arrays import read_store
    from lowd.store.students import save_students
    from lowd.training.trainer import Trainer

    drawn = read_store(pool)
    points = torch.from_numpy(drawn["samples"].values)
    settings = _scaled(settings, drawn)
    grid = _grid(settings, len(points))
    cells = cells or Cells()
    taken = cells.recall(_axes(settings), _keys(settings, grid, points, cells))
    new = [at for at in range(len(grid)) if at not in taken]
    coordinates = [coordinates for _, coordinates in grid]
    parts = [_taken(taken, coordinates)] if taken else []
    if not new:
        save_students(output, _together(parts, coordinates))
        return
    trainer = Trainer(
        settings.model,
        settings.training,
        _filled([grid[at][0] for at in new], settings),
        points,
        pick_device(),
        settings.objective,
        settings.snapshots,
        settings.compute,
    )

    train_resumably(
        trainer,
        [coordinates[at] for at in new],
        output,
        scratch,
        label=output.parent.name,
        beside=lambda trained: _together([*parts, trained], coordinates),
    )


def _scaled(settings: TrainStep, pool: "xr.Dataset") -> TrainStep:
    """The same, with the standard deviation of data that students are trained with."""
    import torch

    from lowd.training.scale import data_scale

    if settings.training.sigma_data is not None:
        return settings
    reference = torch.from_numpy(pool["reference"].values)
    scale = {"sigma_data": data_scale(settings.training, reference)}
    return settings.model_copy(update={"training": settings.training.model_copy(update=scale)})


def _axes(settings: TrainStep) -> tuple[str, ...]:
    return ("N", "replicate", *(("seed",) if settings.seeds else ()))


def _grid(settings: TrainStep, pool_size: int) -> "list[tuple[Cell, dict[str, int]]]":
    """Every student, and its coordinates."""
    from lowd.steps.training_sets import training_rows
    from lowd.training.draws import Cell

    grid = []
    for (n, replicate), rows in training_rows(
        pool_size, settings.samples, settings.replicates
    ).items():
        for seed in range(settings.seeds or 1):
            own = f"seed={seed}" if settings.seeds else f"replicate={replicate}"
            name = f"{student_name(settings)}/N={n}/{own}"
            chosen = {"seed": seed} if settings.seeds else {}
            cell = Cell(name, settings.seed, samples=n, first=rows.start)
            grid.append((cell, {"N": n, "replicate": replicate} | chosen))
    return grid


def _keys(
    settings: TrainStep,
    grid: "list[tuple[Cell, dict[str, int]]]",
    points: "Tensor",
    cells: Cells,
) -> list[str]:
    """Of every student, by all that it comes to depend on."""
    from lowd.store.cells import content_digest

    common = settings.model_dump(mode="json", exclude={"samples", "replicates", "seeds"})
    return [
        cells.key(
            **common,
            streams=cell.name,
            rows=content_digest(points[cell.first : cell.first + cell.samples].numpy()),
        )
        for cell, _ in grid
    ]


def stack_size(settings: TrainStep, students: int) -> int:
    """How many a stack of so many students holds, with those that fill it up."""
    model, compute = settings.model, settings.compute
    if (
        model.architecture != "unet"
        or model.width > WIDEST
        or (compute and compute.backend == "looped")
    ):
        return students
    step = 2 * LANES if model.width % 2 else LANES // gcd(LANES, model.width)
    return max(FULL, ceil(students / step) * step)


def count_new(settings: TrainStep, pool: Path, cells: Cells) -> int:
    """How many students no earlier job has trained, by `cells`."""
    import torch

    from lowd.store.arrays import read_store

    drawn = read_store(pool)
    points = torch.from_numpy(drawn["samples"].values)
    settings = _scaled(settings, drawn)
    keys = _keys(settings, _grid(settings, len(points)), points, cells)
    return sum(key not in cells.kept for key in keys)


def _filled(cells: "Sequence[Cell]", settings: TrainStep) -> "list[Cell]":
    """The cells, and copies of the last, so that a student comes out the same in every stack."""
    return [*cells, *[cells[-1]] * (stack_size(settings, len(cells)) - len(cells))]


def _taken(taken: "dict[int, Place]", coordinates: list[dict[str, int]]) -> "Students":
    """Students of earlier checkpoints, under the coordinates that they have here."""
    from lowd.store.students import joined, load_students

    paths = {place.path for place in taken.values()}
    stacks = {path: load_students(path) for path in paths}
    found = []
    for at, place in taken.items():
        stack = stacks[place.path]
        # At several steps, a student is as many in a row.
        each = len({cell.get("step") for cell in stack.cells})
        part = stack.of(range(place.at * each, (place.at + 1) * each))
        steps = [{key: cell[key] for key in cell.keys() & {"step"}} for cell in part.cells]
        found.append(replace(part, cells=[coordinates[at] | step for step in steps]))
    return joined(found)


def _together(parts: "list[Students]", coordinates: list[dict[str, int]]) -> "Students":
    """One stack of all parts, in the order of the grid."""
    from lowd.store.students import joined

    whole = joined(parts)
    places = {tuple(cell.items()): at for at, cell in enumerate(coordinates)}

    def place(at: int) -> tuple[int, int]:
        cell = dict(whole.cells[at])
        step = cell.pop("step", 0)
        return places[tuple(cell.items())], step

    return whole.of(sorted(range(len(whole.cells)), key=place))
