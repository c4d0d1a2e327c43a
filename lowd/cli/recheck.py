"""Random cells of studies, made again in a scratch folder and compared with what is stored."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from lowd.cli.agreement import (
    Cell,
    Move,
    move_of_losses,
    move_of_sampling,
    move_of_scores,
    move_of_training,
    rows,
)
from lowd.cli.planned import Planned, planned
from lowd.cli.rederive import run_again, scratch_folder
from lowd.kinds.transition.score import ScoreStep
from lowd.metrics.descriptors import Descriptor
from lowd.provenance.statement import read_statement
from lowd.steps.describe import describe, load_yardstick
from lowd.steps.embed import embed
from lowd.steps.gather import gather
from lowd.steps.generate import generate
from lowd.steps.train import TrainStep
from lowd.store.arrays import read_store
from lowd.store.students import load_students
from lowd.training.compute import ComputeSettings


@dataclass(frozen=True)
class Rederived:
    """A cell that was made again.

    Attributes:
        study: its study.
        cell: model, N and replicate, and seed where there are several.
        identical: samples and scores are the same to the bit.
        moves: how far each link has come out from what is stored.
    """

    study: str
    cell: str
    identical: bool
    moves: tuple[Move, ...]

    @property
    def agrees(self) -> bool:
        """Whether it is what was stated: every link is within its bound."""
        return all(move.agrees for move in self.moves)

    @property
    def verdict(self) -> str:
        """In words, with the numbers that decide: those beyond their bounds, or all."""
        if self.identical:
            return "the same to the bit"
        decisive = [move for move in self.moves if self.agrees or not move.agrees]
        return f"{'agrees' if self.agrees else 'differs'}: {'; '.join(map(str, decisive))}"


def recheck(studies: Sequence[str], count: int) -> list[Rederived]:
    """Make `count` random cells of the studies again, in their stacks, and compare.

    Raises:
        ValueError: a study can't be planned, or its settings have changed since it was run.
        OSError: its data are not here.
    """
    plans = {study: planned([f"results/{study}.zarr"]) for study in studies}
    for job in (job for jobs in plans.values() for job in jobs):
        if job.settings.model_dump(mode="json") != read_statement(job.statement).settings:
            raise ValueError(f"{job.outputs[0]}: its settings have changed since; run it first")
    cells = [
        (study, training, cell)
        for study, jobs in plans.items()
        for training in jobs
        if isinstance(training.settings, TrainStep)
        for cell in cells_of(training.settings)
    ]
    if not cells:
        raise ValueError(
            f"{', '.join(studies)}: no students to train again; `lowd restore --rederive` reruns "
            "jobs of any kind whose code has changed"
        )
    picked: defaultdict[tuple[str, Path], list[Cell]] = defaultdict(list)
    trainings: dict[Path, Planned] = {}
    for study, training, cell in random.sample(cells, min(count, len(cells))):
        trainings[training.statement] = training
        picked[study, training.statement].append(cell)
    return [
        found
        for (study, statement), wanted in picked.items()
        for found in compared(study, plans[study], trainings[statement], wanted)
    ]


def cells_of(settings: TrainStep) -> list[Cell]:
    """Coordinates of the students of a stack."""
    grid = {"N": settings.samples, "replicate": range(settings.replicates)}
    if settings.seeds:
        grid["seed"] = range(settings.seeds)
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def compared(
    study: str, jobs: Sequence[Planned], training: Planned, cells: Sequence[Cell]
) -> Iterator[Rederived]:
    """Train a stack again; compare cells of it, once for each way that samples are drawn of them.

    Args:
        study: the name of the study.
        jobs: all that the study is made of.
        training: the job among them that trains the stack.
        cells: students of the stack.
    """
    assert isinstance(training.settings, TrainStep)
    precision = (training.settings.compute or ComputeSettings()).precision
    (weights,) = training.outputs
    with scratch_folder() as folder:
        made = run_again(training, folder)
        before, now = load_students(weights), load_students(made[weights])
        kept = all(torch.equal(now.weights[name], each) for name, each in before.weights.items())
        losses = [move_of_losses(before, now, cell, precision) for cell in cells]
        students = weights
        for job in jobs:
            if job.step is gather and weights in job.paths["part"]:
                made |= run_again(job, folder, made)
                (students,) = job.outputs
        for job in jobs:
            if job.step is not generate or job.paths["students"] != students:
                continue
            (samples,) = job.outputs
            again = run_again(job, folder, made)
            for cell, first, (identical, moves) in zip(
                cells, losses, _sampled(jobs, job, again[samples], kept, cells, folder), strict=True
            ):
                names = {"model": samples.stem} | cell
                label = ",".join(f"{name}={value}" for name, value in names.items())
                yield Rederived(study, label, identical, (first, *moves))


def _sampled(
    jobs: Sequence[Planned],
    sampling: Planned,
    again: Path,
    kept: bool,
    cells: Sequence[Cell],
    folder: Path,
) -> list[tuple[bool, list[Move]]]:
    """Whether a cell is the same to the bit, and its moves from its samples on.

    Args:
        jobs: all that the study is made of.
        sampling: the job among them that samples the stack.
        again: samples of the stack that was trained again.
        kept: whether that has the weights that are stored, which then need not sample again.
        cells: students of the stack.
        folder: where to sample.
    """
    (samples,) = sampling.outputs
    descriptor = _descriptor(jobs)
    stored = _described(jobs, samples, samples, folder)
    trained = _described(jobs, samples, again, folder)
    same = [_same(samples, again, cell) for cell in cells]
    sampled = (
        trained if kept else _described(jobs, samples, run_again(sampling, folder)[samples], folder)
    )
    scores = _scores(jobs, samples.stem, folder)
    found = []
    for cell, identical in zip(cells, same, strict=True):
        moves = [
            move_of_training(stored, trained, cell, descriptor),
            move_of_sampling(stored, sampled, cell, descriptor),
            *(move_of_scores(*pair, cell) for pair in scores),
        ]
        found.append((identical and not any(move.size for move in moves), moves))
    return found


def _same(samples: Path, again: Path, cell: Cell) -> bool:
    ours, theirs = (read_store(path, finite=False)["samples"] for path in (samples, again))
    return np.array_equal(rows(ours, cell), rows(theirs, cell), equal_nan=True)


def _descriptor(jobs: Sequence[Planned]) -> Descriptor:
    """What the study's scores compare samples by."""
    (yardstick,) = (job.outputs[0] for job in jobs if job.step is describe)
    return load_yardstick(yardstick).descriptor


def _described(jobs: Sequence[Planned], samples: Path, place: Path, folder: Path) -> xr.DataArray:
    """The samples at `place`, which are `samples` or stand for them, as the descriptor takes them.

    That is their features where the study has a network for them.
    """
    for job in jobs:
        if job.step is embed and job.paths["images"] == samples:
            (features,) = job.outputs
            place = (
                features if place == samples else run_again(job, folder, {samples: place})[features]
            )
    return read_store(place, finite=False)["samples"]


def _scores(
    jobs: Sequence[Planned], model: str, folder: Path
) -> list[tuple[xr.Dataset, xr.Dataset]]:
    """Scores of a model as stored, and of the stored samples now; none of a finding."""
    found = []
    for job in jobs:
        if isinstance(job.settings, ScoreStep) and job.settings.name == model:
            (scores,) = job.outputs
            again = run_again(job, folder)[scores]
            found.append((read_store(scores, finite=False), read_store(again, finite=False)))
    return found
