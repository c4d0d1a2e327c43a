"""`lowd step train-conditional`: students that are told a class, and now and then none."""

from pathlib import Path

from lowd.base import Settings
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.training.settings import TrainingSettings


class TrainConditionalStep(Settings):
    """Settings of the train_conditional step.

    Attributes:
        model: the architecture, to which class vectors are added.
        replicates: students that learn from the same points with streams of their own.
        dropped: share of examples whose class is not told.
    """

    seed: int
    model: MLPSettings | UNetSettings
    replicates: int
    dropped: float
    training: TrainingSettings


def train_conditional(
    settings: TrainConditionalStep, *, labelled: Path, output: Path, scratch: Path | None = None
) -> None:
    """Train the stack on all labelled training points; leave the checkpoint `output`."""
    import torch

    from lowd.device import pick_device
    from lowd.models.conditional_settings import with_classes
    from lowd.steps.resumable import train_resumably
    from lowd.store.arrays import read_store
    from lowd.training.conditional import ConditionalTrainer
    from lowd.training.draws import Cell

    store = read_store(labelled)
    points = torch.from_numpy(store["training"].values)
    labels = torch.from_numpy(store["training_label"].values)
    cells = [
        Cell(f"conditional/replicate={replicate}", settings.seed, samples=len(points), first=0)
        for replicate in range(settings.replicates)
    ]
    trainer = ConditionalTrainer(
        with_classes(settings.model, store.sizes["class"]),
        settings.training,
        cells,
        points,
        labels,
        settings.dropped,
        pick_device(),
    )
    coordinates = [{"N": len(points), "replicate": at} for at in range(settings.replicates)]
    train_resumably(trainer, coordinates, output, scratch, label="conditional")
