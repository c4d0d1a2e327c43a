"""Consistency training."""

import math

import torch
from torch import nn

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.preconditioning import edm_coefficients
from lowd.models.build import build
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Batch, Objective, PerExample
from lowd.training.objectives.levels import needed_levels
from lowd.training.settings import ConsistencySettings


class Consistency(Objective):
    """Consistency training (Song et al. 2023, arXiv:2303.01469), improved (arXiv:2310.14189).

    f(x; σ) is the data that x's trajectory ends in: the identity at σ_min by construction, and
    trained to be the same at neighbouring levels of a grid, seen from the lower one by weights that
    stand still. The grid is coarse at first and doubles as training goes on.
    """

    def __init__(
        self, settings: ConsistencySettings, network: nn.Module, sigma_data: float
    ) -> None:
        self.settings = settings
        self.network = network
        self.sigma_data = sigma_data
        self.sigma_min, self.sigma_max = needed_levels(settings)

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """f(x; σ)."""
        level = broadcast_sigma(sigma, x)
        beyond = level - self.sigma_min
        scale = edm_coefficients(level, self.sigma_data)
        c_skip = self.sigma_data**2 / (beyond**2 + self.sigma_data**2)
        c_out = scale.c_in * self.sigma_data * beyond
        c_noise = scale.c_noise.reshape(getattr(sigma, "shape", ()))
        return c_skip * x + c_out * self.network(scale.c_in * x, c_noise)

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """Pseudo-Huber distance between neighbouring levels, over how far apart these are."""
        s = self.settings
        doublings = math.log2(s.last_levels / s.first_levels)
        levels = round(s.first_levels * 2 ** min(doublings, math.floor(progress * (doublings + 1))))
        grid = karras_sigmas(levels, self.sigma_min, self.sigma_max)[:-1].flip(0).to(clean)
        # The level drawn falls between two of the grid.
        above = torch.searchsorted(grid, sigma.contiguous()).clamp(1, levels - 1)
        high, low = grid[above], grid[above - 1]
        with torch.no_grad():
            target = self.denoise(clean + broadcast_sigma(low, clean) * noise, low)
        made = self.denoise(clean + broadcast_sigma(high, clean) * noise, high)
        squared = (made - target).square().flatten(2).mean(2)
        return ((squared + s.huber**2).sqrt() - s.huber) / (high - low)


def assemble(model: ModelSettings, students: int, shape: tuple[int, ...]) -> nn.Module:
    """The network alone."""
    return build(model, students, shape)


def objective(settings: ConsistencySettings, networks: nn.Module, sigma_data: float) -> Consistency:
    """The objective of that network."""
    return Consistency(settings, networks, sigma_data)
