"""Training of networks that are told a class, and now and then none."""

import hashlib
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.models.admission import admit
from lowd.models.conditional_settings import ConditionalSettings
from lowd.streams import stream
from lowd.training.class_denoiser import ClassDenoiser
from lowd.training.draws import Cell
from lowd.training.objectives.edm import EDM
from lowd.training.settings import BLOCK, EDMSettings, TrainingSettings
from lowd.training.trainer import Trainer


class ToldSettings(EDMSettings):
    """EDM's objective with classes told, by which one training is known from another.

    Attributes:
        dropped: share of examples whose class is not told.
        labels: SHA-256 of the points' classes.
    """

    dropped: float
    labels: str


class ConditionalTrainer(Trainer):
    """A stack of class-conditional students that learn EDM's loss.

    Args:
        model: the architecture, with its number of classes.
        settings: optimiser, schedule and noise levels.
        cells: one student each.
        pool: (point, *shape), the points that the cells' rows refer to.
        labels: the class of each point.
        dropped: share of examples whose class is not told, drawn from streams of each cell.
        device: where to train.
    """

    def __init__(
        self,
        model: ConditionalSettings,
        settings: TrainingSettings,
        cells: Sequence[Cell],
        pool: Float[Tensor, " point *shape"],
        labels: Int[Tensor, " point"],
        dropped: float,
        device: torch.device | str = "cpu",
    ) -> None:
        admit([model])
        digest = hashlib.sha256(labels.cpu().numpy().tobytes()).hexdigest()
        aim = ToldSettings(dropped=dropped, labels=digest)
        super().__init__(model, settings, cells, pool, device, aim)
        self.classes = model.classes
        self.labels = labels.to(device)
        self.dropped = dropped
        self._denoiser = ClassDenoiser(self.stack, model.classes, self.sigma_data)
        self._untold: tuple[int, Tensor] | None = None

    def _advance(self, rows: Tensor, noise: Tensor, log_sigma: Tensor) -> Float[Tensor, " student"]:
        block, at = divmod(self.step, BLOCK)
        if self._untold is None or self._untold[0] != block:
            self._untold = block, self._draw_untold(block)
        told = self.labels[rows].masked_fill(self._untold[1][:, at], self.classes)
        self.objective = _Told(self._denoiser, told, self.sigma_data)
        return super()._advance(rows, noise, log_sigma)

    def _draw_untold(self, block: int) -> Tensor:
        """Whether an example of the block is not told its class, (student, step, batch)."""
        size = (BLOCK, self.settings.batch)
        drawn = [
            torch.rand(size, generator=stream(cell.seed, cell.name, "dropped classes", block))
            for cell in self.cells
        ]
        return (torch.stack(drawn) < self.dropped).to(self.pool.device)


class _Told(EDM):
    """EDM's loss of one batch, whose classes are known."""

    def __init__(self, denoiser: ClassDenoiser, labels: Tensor, sigma_data: float) -> None:
        self.sigma_data = sigma_data
        self.preconditioned = denoiser.given(labels)
