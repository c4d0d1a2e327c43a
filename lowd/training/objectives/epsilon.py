"""Noise prediction."""

import math

import torch
from torch import Tensor, nn

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.diffusion.kernels import KERNELS, epsilon_to_denoiser
from lowd.models.build import build
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Batch, Objective, PerExample
from lowd.training.objectives.levels import needed_levels
from lowd.training.settings import EpsilonSettings, TrainingSettings


class Epsilon(Objective):
    """Noise prediction under the VP or sub-VP kernel (Ho et al. 2020; Song et al. 2021).

    Times are uniform under the linear schedule α = exp(−½(β₀t + ½(β₁ − β₀)t²)), β₀ = .1, β₁ = 20
    (Song et al. 2021, arXiv:2011.13456, appendix C), between those of the levels that the sampler
    goes through. The network sees x_t = αx and ¼ ln σ.
    """

    START, SLOPE = 0.1, 19.9

    def __init__(self, settings: EpsilonSettings, network: nn.Module) -> None:
        self.kernel = KERNELS[settings.kernel]
        self.network = network
        self.first, self.last = map(self._time, needed_levels(settings))
        self.converted = epsilon_to_denoiser(self._predict, self.kernel)

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """The data that the noise predicted leaves, x − σ ε(αx; σ)."""
        return self.converted(x, sigma)

    def levels(self, unit: PerExample, training: TrainingSettings) -> PerExample:
        """Uniform in time."""
        # The normal law's own distribution function makes its draws uniform.
        time = self.first + (self.last - self.first) * torch.special.ndtr(unit)
        alpha = torch.exp(-(self.START * time + self.SLOPE * time**2 / 2) / 2)
        assert self.kernel.sigma is not None
        return self.kernel.sigma(alpha)

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """Squared error of the noise, every time alike."""
        level = broadcast_sigma(sigma, clean)
        noisy = self.kernel.alpha(level) * (clean + level * noise)
        return (self._predict(noisy, sigma) - noise).square().flatten(2).mean(2)

    def _predict(self, x: Tensor, sigma: Sigma) -> Tensor:
        level = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
        return self.network(x, level.log() / 4)

    def _time(self, sigma: float) -> float:
        exponent = -2 * math.log(self.kernel.alpha(sigma))
        return (math.sqrt(self.START**2 + 2 * self.SLOPE * exponent) - self.START) / self.SLOPE


def assemble(model: ModelSettings, students: int, shape: tuple[int, ...]) -> nn.Module:
    """The network alone."""
    return build(model, students, shape)


def objective(settings: EpsilonSettings, networks: nn.Module, sigma_data: float) -> Epsilon:
    """The objective of that network."""
    return Epsilon(settings, networks)
