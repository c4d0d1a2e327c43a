"""`lowd train`: one stack of students, every (N, replicate) cell of one model."""

from pathlib import Path

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.training.settings import TrainingSettings


class TrainStep(Settings):
    """Settings of the train step."""

    seed: int
    name: str
    """The model's name in the study, by which its random streams are told apart."""
    model: ModelSettings
    samples: tuple[int, ...]
    replicates: int
    training: TrainingSettings


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
    cells = [
        Cell(
            name=f"{settings.name}/N={n}/replicate={replicate}",
            seed=settings.seed,
            samples=n,
            first=rows.start,
        )
        for (n, replicate), rows in sets.items()
    ]
    trainer = Trainer(settings.model, settings.training, cells, points, pick_device())
    coordinates = [{"N": n, "replicate": replicate} for n, replicate in sets]
    train_resumably(trainer, coordinates, output, scratch, label=settings.name)
