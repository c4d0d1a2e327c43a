"""`lowd step train-generation`: one generation of students, every N and replicate of a mode."""

from pathlib import Path

from lowd.kinds.collapse.breed import cell_name
from lowd.steps.train import TrainStep


class TrainGenerationStep(TrainStep):
    """Settings of the train_generation step; `name` is the mode's."""

    name: str
    generation: int


def train_generation(
    settings: TrainGenerationStep, *, sets: Path, output: Path, scratch: Path | None = None
) -> None:
    """Train the stack from scratch, each student on its set; leave the checkpoint `output`."""
    import numpy as np
    import torch

    from lowd.device import pick_device
    from lowd.kinds.collapse.sets import read_sets
    from lowd.steps.resumable import train_resumably
    from lowd.training.draws import Cell
    from lowd.training.trainer import Trainer

    training = {cell: one.training for cell, one in read_sets(sets).items()}
    cells, first = [], 0
    for cell, points in training.items():
        name = cell_name(settings.generation, settings.name, *cell)
        cells.append(Cell(name, settings.seed, samples=len(points), first=first))
        first += len(points)
    trainer = Trainer(
        settings.model,
        settings.training,
        cells,
        torch.from_numpy(np.concatenate(list(training.values()))),
        pick_device(),
    )
    coordinates = [{"N": n, "replicate": replicate} for n, replicate in training]
    label = f"{settings.name}, generation {settings.generation}"
    train_resumably(trainer, coordinates, output, scratch, label)
