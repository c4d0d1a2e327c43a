"""`lowd step train`: one stack of students, every cell of one model."""

from pathlib import Path

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.training.compute import ComputeSettings
from lowd.training.settings import BLOCK, ObjectiveSettings, TrainingSettings


class TrainStep(Settings):
    """Settings of the train step; those that are left out leave no trace in its statement.

    Attributes:
        name: the model's name in the study, by which its random streams are told apart.
        seeds: how many students learn from every training set. Their streams then go by N and
            seed alone, so that students of different sets and one seed differ in nothing else; if
            it is not given, every training set has one student with streams of its own.
        snapshots: steps after which students are kept, instead of the last.
        objective: what they learn, if it is not denoising in EDM's way.
        compute: precision and backend, if not single precision and grouped convolutions.
    """

    seed: int
    name: str
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


def train(settings: TrainStep, *, pool: Path, output: Path, scratch: Path | None = None) -> None:
    """Train the stack, each student on its training set; leave the checkpoint `output`."""
    import torch

    from lowd.device import pick_device
    from lowd.steps.resumable import train_resumably
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store
    from lowd.training.draws import Cell
    from lowd.training.trainer import Trainer

    points = torch.from_numpy(read_store(pool)["samples"].values)
    sets = training_rows(len(points), settings.samples, settings.replicates)
    cells, coordinates = [], []
    for (n, replicate), rows in sets.items():
        for seed in range(settings.seeds or 1):
            own = f"seed={seed}" if settings.seeds else f"replicate={replicate}"
            name = f"{settings.name}/N={n}/{own}"
            cells.append(Cell(name, settings.seed, samples=n, first=rows.start))
            chosen = {"seed": seed} if settings.seeds else {}
            coordinates.append({"N": n, "replicate": replicate} | chosen)
    trainer = Trainer(
        settings.model,
        settings.training,
        cells,
        points,
        pick_device(),
        settings.objective,
        settings.snapshots,
        settings.compute,
    )
    train_resumably(trainer, coordinates, output, scratch, label=settings.name)
