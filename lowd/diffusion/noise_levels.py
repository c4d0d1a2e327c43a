"""The grid of noise levels from pure noise down to the data."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real
from lowd.diffusion.settings import SamplerSettings


def karras_sigmas(
    steps: int, sigma_min: Real, sigma_max: Real, rho: Real = 7.0
) -> Float[Tensor, " levels"]:
    """Noise levels evenly spaced in σ^{1/ρ}, then 0.

    σ_i = (σ_max^{1/ρ} + i/(steps−1) (σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ, i = 0..steps−1; Karras et al.
    2022 (arXiv:2206.00364), equation 5.

    Args:
        steps: number of solver steps, the last of which goes from sigma_min to 0; a single one goes
            from sigma_max.
        sigma_min: smallest positive level, in data units.
        sigma_max: first level, in data units.
        rho: how much the grid is refined towards sigma_min; 1 is uniform.

    Returns:
        (steps + 1,) descending float64, first exactly sigma_max, then down to exactly sigma_min, 0.

    Raises:
        ValueError: no step, or not 0 < sigma_min < sigma_max < ∞.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; from sigma_max to 0 it takes at least 1")
    if not 0 < sigma_min < sigma_max < float("inf"):
        raise ValueError(
            f"sigma_min is {sigma_min} and sigma_max {sigma_max}; "
            "choose 0 < sigma_min < sigma_max, both finite"
        )
    first, last = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    sigmas = torch.linspace(first, last, steps, dtype=torch.float64) ** rho
    sigmas[-1] = sigma_min
    sigmas[0] = sigma_max
    return torch.cat([sigmas, sigmas.new_zeros(1)])


def sampler_levels(sampler: SamplerSettings) -> Float[Tensor, " levels"]:
    """The grid of a sampler, as `karras_sigmas` has it."""
    return karras_sigmas(sampler.steps, sampler.sigma_min, sampler.sigma_max, sampler.rho)
