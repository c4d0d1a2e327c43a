"""The probability flow between an image, a noisy state of it, and pure noise; no randomness."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real
from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.solvers.flow import probability_flow
from lowd.diffusion.solvers.heun import solve as heun

BATCH_VALUES = 2**18
"""Numbers in one batch; some hundred times as many live in a network's activations."""


@dataclass(frozen=True)
class Flow:
    """The flow of one denoiser by Heun's method.

    Attributes:
        denoise: D(x, sigma).
        steps: from one level to another.
        sigma_min: the level that the last step, to 0, is from.
    """

    denoise: Denoiser
    steps: int
    sigma_min: float

    @torch.no_grad()
    def end(self, x: Float[Tensor, " noise *shape"], sigma: Real) -> Float[Tensor, " noise *shape"]:
        """The image that a state at σ is sampled to."""
        levels = levels_between(sigma, self.sigma_min, self.steps)
        return self._down(x, torch.cat([levels, levels.new_zeros(1)]))

    @torch.no_grad()
    def state(
        self, noise: Float[Tensor, " noise *shape"], sigma_max: Real, sigma: Real
    ) -> Float[Tensor, " noise *shape"]:
        """The state at σ on the way from unit noise at scale sigma_max."""
        return self._down(sigma_max * noise, levels_between(sigma_max, sigma, self.steps))

    @torch.no_grad()
    def invert(
        self, images: Float[Tensor, " noise *shape"], sigma: Real
    ) -> Float[Tensor, " noise *shape"]:
        """The state at σ that images are sampled from."""
        levels = levels_between(sigma, self.sigma_min, self.steps).flip(0)
        return torch.cat([invert(self.denoise, some, levels) for some in self._batches(images)])

    def _down(self, x: Tensor, levels: Tensor) -> Tensor:
        return torch.cat(
            [probability_flow(self.denoise, some, levels, heun) for some in self._batches(x)]
        )

    def _batches(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split(max(1, BATCH_VALUES // x[0].numel()))
