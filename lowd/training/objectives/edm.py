"""Denoising in EDM's way."""

from torch import nn

from lowd.diffusion.denoiser import Sigma
from lowd.diffusion.loss import edm_loss
from lowd.diffusion.preconditioning import precondition
from lowd.models.build import build
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Batch, Objective, PerExample
from lowd.training.settings import EDMSettings


class EDM(Objective):
    """Denoising score matching under EDM's preconditioning and weights (Karras et al. 2022)."""

    def __init__(self, network: nn.Module, sigma_data: float) -> None:
        self.sigma_data = sigma_data
        self.preconditioned = precondition(network, sigma_data)

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """The preconditioned network."""
        return self.preconditioned(x, sigma)

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """Weighted squared error of the data."""
        return edm_loss(self.preconditioned, clean, noise, sigma, self.sigma_data)


def assemble(model: ModelSettings, students: int, shape: tuple[int, ...]) -> nn.Module:
    """The network alone."""
    return build(model, students, shape)


def objective(settings: EDMSettings, networks: nn.Module, sigma_data: float) -> EDM:
    """The objective of that network."""
    return EDM(networks, sigma_data)
