"""Where a student's own sampling takes it."""

from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.noise_levels import sampler_levels
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers.flow import probability_flow


def visited(
    denoise: Denoiser,
    noise: Float[Tensor, " noise *shape"],
    sampler: SamplerSettings,
    sigmas: list[float],
    students: int,
) -> list[Float[Tensor, " student noise *shape"]]:
    """States x_σ of a stack's trajectories from the same unit noises, at each of the levels.

    They are what the solver asks the denoiser about. One that asks twice at a level asks first
    about a guess, so the last counts; where a scheduler's level is another, the nearest does.
    """
    asked: list[tuple[float, Tensor]] = []

    def watched(x: Tensor, sigma: Sigma) -> Tensor:
        asked.append((log(float(sigma)), x))
        return denoise(x, sigma)

    levels = sampler_levels(sampler)
    start = (sampler.sigma_max * noise).expand(students, *noise.shape)
    with torch.no_grad():
        probability_flow(watched, start, levels, sampler.solver)
    found = []
    for sigma in sigmas:
        distance = [abs(level - log(sigma)) for level, _ in asked]
        last = max(at for at, each in enumerate(distance) if each <= min(distance) + 1e-9)
        found.append(asked[last][1])
    return found
