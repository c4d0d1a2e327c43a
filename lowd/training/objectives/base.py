"""What training and sampling need to know of an objective."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Sigma
from lowd.training.settings import TrainingSettings

Batch = Float[Tensor, "student batch *shape"]
PerExample = Float[Tensor, "student batch"]


class Objective(ABC):
    """What training and sampling need to know of an objective."""

    @abstractmethod
    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """D(x; σ)."""

    @abstractmethod
    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """The loss of every example.

        Args:
            clean: data.
            noise: unit normal.
            sigma: noise levels.
            progress: the share of training that is done, from 0 up to, not including, 1.
        """

    def levels(self, unit: PerExample, training: TrainingSettings) -> PerExample:
        """Noise levels from unit normal draws: ln σ ~ N(mean, std²), if nothing else is said."""
        return torch.exp(training.log_sigma_mean + training.log_sigma_std * unit)
