"""`lowd step train-along`: one stack of students, by any optimiser, looked at after any step."""

from pathlib import Path

from pydantic import Field, model_validator

from lowd.fields import check_ascending
from lowd.steps.train import TrainStep, student_name
from lowd.training.optimizer_settings import OptimizerSettings
from lowd.training.settings import TrainingSettings


class TrainAlongStep(TrainStep):
    """Settings of the train_along step.

    Attributes:
        optimizer: Adam if there is none.
    """

    optimizer: OptimizerSettings | None = Field(default=None, exclude_if=lambda one: one is None)

    @model_validator(mode="after")
    def _snapshots_can_be_taken(self) -> "TrainAlongStep":
        check_within(self.snapshots, self.training)
        return self


def check_within(snapshots: tuple[int, ...], training: TrainingSettings) -> None:
    """Raise ValueError unless training passes through the steps."""
    check_ascending("snapshots", snapshots)
    for at, step in enumerate(snapshots):
        if step > training.steps:
            raise ValueError(
                f"snapshots[{at}]: {step} is beyond training, which has {training.steps} steps"
            )


def train_along(
    settings: TrainAlongStep, *, pool: Path, output: Path, scratch: Path | None = None
) -> None:
    """Train the stack, each student on its training set; leave the checkpoint `output`.

    Students of one model, N and replicate start alike and see the same draws, whatever their
    optimiser.
    """
    import torch

    from lowd.device import pick_device
    from lowd.steps.resumable import train_resumably
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store
    from lowd.training.draws import Cell
    from lowd.training.optimized import OptimizedTrainer, OptimizedTraining
    from lowd.training.scale import data_scale

    drawn = read_store(pool)
    points = torch.from_numpy(drawn["samples"].values)
    reference = torch.from_numpy(drawn["reference"].values)
    training, optimizer = settings.training, settings.optimizer
    more = {"optimizer": optimizer, "sigma_data": data_scale(training, reference)}
    if optimizer is not None:
        more["learning_rate"] = optimizer.learning_rate
    sets = training_rows(len(points), settings.samples, settings.replicates)
    name = student_name(settings)
    cells = [
        Cell(f"{name}/N={n}/replicate={replicate}", settings.seed, samples=n, first=rows.start)
        for (n, replicate), rows in sets.items()
    ]
    trainer = OptimizedTrainer(
        settings.model,
        OptimizedTraining(**training.model_dump() | more),
        cells,
        points,
        pick_device(),
        keep=settings.snapshots,
    )
    coordinates = [{"N": n, "replicate": replicate} for n, replicate in sets]
    train_resumably(trainer, coordinates, output, scratch, label=output.parent.name)
