"""What a stack learns from one batch, and the denoiser that comes of it.

Every objective gives its networks as a denoiser D(x; σ). Those that map noise to data at once are
one in name only: D(σε; σ) is what they make of the unit noise ε, and a single Euler step from σ to
0, which lands on D, samples them.
"""

import math
from abc import ABC, abstractmethod
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.diffusion.kernels import KERNELS, epsilon_to_denoiser
from lowd.diffusion.loss import edm_loss
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.preconditioning import edm_coefficients, precondition
from lowd.models.adversarial import Adversarial
from lowd.models.autoencoder import Autoencoder
from lowd.models.build import build
from lowd.models.settings import ModelSettings
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EDMSettings,
    EpsilonSettings,
    ObjectiveSettings,
    TrainingSettings,
    VariationalSettings,
)

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


def assemble(
    settings: ObjectiveSettings, model: ModelSettings, students: int, shape: tuple[int, ...]
) -> nn.Module:
    """The networks that an objective trains, parameters not yet drawn."""
    match settings:
        case VariationalSettings():
            return Autoencoder(model, students, shape)
        case AdversarialSettings():
            return Adversarial(model, students, shape)
    return build(model, students, shape)


def objective(settings: ObjectiveSettings, networks: nn.Module, sigma_data: float) -> Objective:
    """The objective of the networks that `assemble` made for it."""
    match settings:
        case EDMSettings():
            return EDM(networks, sigma_data)
        case EpsilonSettings():
            return Epsilon(settings, networks)
        case ConsistencySettings():
            return Consistency(settings, networks, sigma_data)
        case VariationalSettings():
            return Variational(settings, cast(Autoencoder, networks))
        case AdversarialSettings():
            return Adversary(settings, cast(Adversarial, networks))


def _levels(settings: EpsilonSettings | ConsistencySettings) -> tuple[float, float]:
    if settings.sigma_min is None or settings.sigma_max is None:
        raise ValueError(f"{settings.kind}: sigma_min and sigma_max are needed")
    return settings.sigma_min, settings.sigma_max


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
        self.first, self.last = map(self._time, _levels(settings))
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
        self.sigma_min, self.sigma_max = _levels(settings)

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


class Variational(Objective):
    """Evidence lower bound of a Gaussian decoder (Kingma & Welling 2014, arXiv:1312.6114)."""

    def __init__(self, settings: VariationalSettings, networks: Autoencoder) -> None:
        self.variance = settings.decoder_std**2
        self.networks = networks

    def denoise(self, x: Batch, sigma: Sigma) -> Batch:
        """The decoder's mean for the latent x/σ."""
        return self.networks.decode(x / broadcast_sigma(sigma, x))

    def loss(self, clean: Batch, noise: Batch, sigma: PerExample, progress: float) -> PerExample:
        """The negative bound, without its constants, per number of an example."""
        mean, log_variance = self.networks.encode(clean)
        made = self.networks.decode(mean + (log_variance / 2).exp() * noise)
        squared = (made - clean).square() / self.variance
        divergence = mean.square() + log_variance.exp() - 1 - log_variance
        return (squared + divergence).flatten(2).mean(2) / 2


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
