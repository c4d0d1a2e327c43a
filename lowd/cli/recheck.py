"""Random cells of studies, trained, generated and scored again in a scratch folder."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lowd.cli.planned import planned
from lowd.cli.rederive import run_again, scratch_folder
from lowd.provenance.against import ratio
from lowd.provenance.statement import read_statement
from lowd.steps.train import TrainStep
from lowd.store.arrays import read_store

BOUND = 2.0
"""How far a score may move, in units of its own standard error over noises, and still agree.

On the machine that made a study its scores come out the same to the bit. Other instruction sets
round otherwise, and training carries that on: docs/provenance.md has how far it was seen to move
scores, which is far less than this.
"""


@dataclass(frozen=True)
class Rederived:
    """A cell that was made again.

    Attributes:
        study: its study.
        cell: model, N and replicate.
        identical: samples and scores are the same to the bit.
        largest: the largest move of a score, in units of its standard error.
        where: of which score.
    """

    study: str
    cell: str
    identical: bool
    largest: float
    where: str

    @property
    def agrees(self) -> bool:
        """Whether it is what was stated, within BOUND."""
        return self.largest <= BOUND


def recheck(studies: Sequence[str], count: int) -> list[Rederived]:
    """Make `count` random cells of the studies again, in their stacks, and compare.

    Raises:
        ValueError: a study can't be planned, or its settings have changed since it was run.
        OSError: its data are not here.
    """
    jobs = [job for study in studies for job in planned([f"data/{study}/manifest.json"])]
    for job in jobs:
        if job.settings.model_dump(mode="json") != read_statement(job.statement).settings:
            raise ValueError(f"{job.outputs[0]}: its settings have changed since; run it first")
    cells = [
        (job, n, replicate)
        for job in jobs
        if isinstance(job.settings, TrainStep)
        for n in job.settings.samples
        for replicate in range(job.settings.replicates)
    ]
    if not cells:
        raise ValueError(
            f"{', '.join(studies)}: no students to train again; `lowd restore --rederive` reruns "
            "jobs of any kind whose code has changed"
        )
    picked: defaultdict[tuple[Path, str], list[tuple[int, int]]] = defaultdict(list)
    for job, n, replicate in random.sample(cells, min(count, len(cells))):
        assert isinstance(job.settings, TrainStep)
        picked[job.outputs[0], job.settings.name].append((n, replicate))
    return [found for stack, wanted in picked.items() for found in _compared(*stack, wanted)]


def _compared(weights: Path, model: str, cells: list[tuple[int, int]]) -> Iterator[Rederived]:
    """The cells of one stack; `weights` are its own, which others of the model may stand beside."""
    study = weights.parts[1]
    gathered = Path("data", study, "students", model, weights.name)
    generated = Path("data", study, "generated", f"{model}.zarr")
    embedded = Path("data", study, "features", f"generated-{model}.zarr")
    scores = Path("data", study, "scores", f"{model}.zarr")
    jobs = {job.outputs[0]: job for job in planned([scores.as_posix()])}
    with scratch_folder() as folder:
        made: dict[Path, Path] = {}
        for output in dict.fromkeys((weights, gathered, generated, embedded, scores)):
            if output in jobs:  # features are there only where the descriptor is a network
                made |= run_again(jobs[output], folder, made)
        ours, again = (read_store(path, finite=False) for path in (generated, made[generated]))
        before, after = (read_store(path, finite=False) for path in (scores, made[scores]))
        for n, replicate in cells:
            cell = {"N": n, "replicate": replicate}
            moves = {
                str(name): ratio(
                    float(before[name].sel(cell)),
                    float(after[name].sel(cell)),
                    float(before[f"{name}_se"].sel(cell)),
                )
                for name in before
                if {"N", "replicate"} == set(before[name].dims) and f"{name}_se" in before
            }
            where = max(moves, key=moves.__getitem__)
            same = np.array_equal(
                ours["samples"].sel(cell), again["samples"].sel(cell), equal_nan=True
            )
            label = f"model={model},N={n},replicate={replicate}"
            yield Rederived(study, label, same and not moves[where], moves[where], where)
