"""The way between images, noisy states of them and pure noise: the probability flow, both ways."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real
from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.solvers.flow import probability_flow
from lowd.diffusion.solvers.heun import solve as heun

BATCH_VALUES = 2**18
"""Numbers in one batch of states; some hundred times as many live in a network's activations."""


@dataclass(frozen=True)
class Passage:
    """Between images and their states at `sigma`, by Heun's method over the same levels both ways.

    Attributes:
        denoise: D(x, sigma).
        sigma: of the states.
        sigma_min: what an image is taken for on the way up; from it to 0 is a step of Euler's.
        steps: between the two.
    """

    denoise: Denoiser
    sigma: Real
    sigma_min: Real
    steps: int

    @torch.no_grad()
    def from_noise(
        self, noise: Float[Tensor, " noise *shape"], sigma_max: Real, steps: int
    ) -> Float[Tensor, " noise *shape"]:
        """The states that unit noises at scale sigma_max come to, in so many steps."""
        return self._down(sigma_max * noise, levels_between(sigma_max, self.sigma, steps))

    @torch.no_grad()
    def down(self, states: Float[Tensor, " noise *shape"]) -> Float[Tensor, " noise *shape"]:
        """The images that states end at."""
        levels = levels_between(self.sigma, self.sigma_min, self.steps)
        return self._down(states, torch.cat([levels, levels.new_zeros(1)]))

    @torch.no_grad()
    def up(self, images: Float[Tensor, " noise *shape"]) -> Float[Tensor, " noise *shape"]:
        """The states of images."""
        levels = levels_between(self.sigma, self.sigma_min, self.steps).flip(0)
        return torch.cat([invert(self.denoise, some, levels) for some in _batches(images)])

    @torch.no_grad()
    def denoised(self, states: Float[Tensor, " noise *shape"]) -> Float[Tensor, " noise *shape"]:
        """D of states at `sigma`."""
        return torch.cat([self.denoise(some, self.sigma) for some in _batches(states)])

    def _down(self, states: Tensor, levels: Tensor) -> Tensor:
        return torch.cat(
            [probability_flow(self.denoise, some, levels, heun) for some in _batches(states)]
        )


def _batches(rows: Tensor) -> tuple[Tensor, ...]:
    return rows.split(max(1, BATCH_VALUES // rows[0].numel()))
