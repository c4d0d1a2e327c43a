"""A generative adversarial network."""

import torch
from torch.nn import functional

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.models.adversarial import Adversarial
from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Batch, Objective, PerExample
from lowd.training.settings import AdversarialSettings


class Adversary(Objective):
    """Non-saturating adversarial loss with R1 (Goodfellow et al. 2014; Mescheder et al. 2018).

    Both players move at once: the loss of each sees the other's weights fixed, so that one backward
    pass of their sum gives both gradients.
    """

    def __init__(self, settings: AdversarialSettings, networks: Adversarial) -> None:
        self.penalty = settings.penalty
        self.networks = networks

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """What the generator makes of x/σ."""
        return self.networks.generate(x / broadcast_sigma(sigma, x))

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """The critic's loss and the generator's."""
        critic = self.networks.critic
        made = self.networks.generate(noise)
        real = clean.detach().requires_grad_()
        verdict = critic(real)
        (slope,) = torch.autograd.grad(verdict.sum(), real, create_graph=True)
        fixed = {name: parameter.detach() for name, parameter in critic.named_parameters()}
        return (
            functional.softplus(-verdict)
            + functional.softplus(critic(made.detach()))
            + self.penalty / 2 * slope.square().flatten(2).sum(2)
            + functional.softplus(-torch.func.functional_call(critic, fixed, (made,)))
        )


def assemble(model: ModelSettings, students: int, shape: tuple[int, ...]) -> Adversarial:
    """Generator and critic."""
    return Adversarial(model, students, shape)


def objective(settings: AdversarialSettings, networks: Adversarial, sigma_data: float) -> Adversary:
    """The objective of these networks."""
    return Adversary(settings, networks)
