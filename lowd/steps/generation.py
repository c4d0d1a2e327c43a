"""The probability flow of any denoiser over many noises, within bounded memory."""

from collections.abc import Callable
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.noise_levels import sampler_levels
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers.flow import probability_flow
from lowd.progress import report_begun

BATCH_VALUES = 2**20
"""Numbers in one batch of noises; some hundred times as many live in a network's activations."""


def flow_in_batches(
    denoise: Denoiser,
    noise: Float[Tensor, " noise *shape"],
    sampler: SamplerSettings,
    device: torch.device,
    students: int | None = None,
) -> Float[Tensor, "*student_noise_shape"]:
    """Φ of every unit noise, from x_T = σ_max ε.

    Args:
        denoise: D(x, sigma), for x (M, *shape); for a stack, x (student, M, *shape).
        noise: unit normal, on the CPU.
        sampler: solver and grid.
        device: where to compute.
        students: the number of students if `denoise` is a stack, which all get the same noises.

    Returns:
        (noise, *shape), for a stack (student, noise, *shape), on the CPU.
    """
    if students is None:
        return _flow_along(0, denoise, noise, sampler, device)
    return flow_of_stack(denoise, noise.expand(students, *noise.shape), sampler, device)


def flow_of_stack(
    denoise: Denoiser,
    noise: Float[Tensor, "student noise *shape"],
    sampler: SamplerSettings,
    device: torch.device,
) -> Float[Tensor, "student noise *shape"]:
    """Φ of unit noises of each student's own, as `flow_in_batches` has it of the same for all."""
    return _flow_along(1, denoise, noise, sampler, device)


@torch.no_grad()
def _flow_along(
    dim: int, denoise: Denoiser, noise: Tensor, sampler: SamplerSettings, device: torch.device
) -> Tensor:
    """Batches of noises along a dimension."""
    sigmas = sampler_levels(sampler)
    rows = max(1, BATCH_VALUES // noise.select(dim, 0).numel())
    parts = []
    for part in noise.split(rows, dim):
        report_begun(prod(part.shape[: dim + 1]))
        start = sampler.sigma_max * part.to(device)
        parts.append(probability_flow(denoise, start, sigmas, sampler.solver).cpu())
    return torch.cat(parts, dim)


def flow_sampler(
    denoise: Denoiser, shape: tuple[int, ...], device: torch.device
) -> Callable[[int, torch.Generator, SamplerSettings | None], Tensor]:
    """A function of (n, generator, sampler) that gives n samples (n, *shape) through the flow."""

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        if sampler is None:
            raise ValueError("sampler: needed, since this teacher has no exact samples")
        noise = torch.randn(n, *shape, generator=generator)
        return flow_in_batches(denoise, noise, sampler, device)

    return sample
