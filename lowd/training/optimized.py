"""Training by another optimiser than Adam, with snapshots after any step."""

from importlib import import_module
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.models.settings import ModelSettings
from lowd.training.optimizer_settings import OptimizerSettings, optimizer_module
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer


class OptimizedTraining(TrainingSettings):
    """Settings of a trainer with its optimiser's, so that no run goes on from another's state.

    Attributes:
        optimizer: Adam if there is none.
    """

    optimizer: OptimizerSettings | None = None


class OptimizedTrainer(Trainer):
    """A trainer whose optimiser is found by its name, and that keeps averages after any step.

    Args:
        model: as of any trainer.
        settings: with the optimiser.
        more: all else that a trainer takes, in its order or by name.
    """

    settings: OptimizedTraining

    def __init__(
        self, model: ModelSettings, settings: OptimizedTraining, *more: Any, **named: Any
    ) -> None:
        super().__init__(model, settings, *more, **named)
        optimizer = settings.optimizer
        self._by = None if optimizer is None else import_module(optimizer_module(optimizer)).descend

    def _advance(self, rows: Tensor, noise: Tensor, log_sigma: Tensor) -> Float[Tensor, " student"]:
        losses = super()._advance(rows, noise, log_sigma)
        if self.step in self.keep:
            self.snapshots[self.step] = {
                name: p.detach().to("cpu", copy=True) for name, p in self.average.items()
            }
        return losses

    @torch.no_grad()
    def _descend(self) -> None:
        if self._by is None:
            super()._descend()
            return
        weights = self.flat.whole
        self._by(self.settings.optimizer, weights, weights.grad, self._moments, self._rate)
