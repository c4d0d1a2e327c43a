"""The probability flow of any denoiser over many noises, within bounded memory."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers.flow import probability_flow
from lowd.progress import report_begun

BATCH_VALUES = 2**20
"""Numbers in one batch of noises; some hundred times as many live in a network's activations."""


@torch.no_grad()
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
    sigmas = karras_sigmas(sampler.steps, sampler.sigma_min, sampler.sigma_max, sampler.rho)
    rows = max(1, BATCH_VALUES // ((students or 1) * noise[0].numel()))

    def flow(part: Tensor) -> Tensor:
        start = sampler.sigma_max * part.to(device)
        if students is not None:
            start = start.expand(students, *start.shape)
        report_begun((students or 1) * len(part))
        return probability_flow(denoise, start, sigmas, sampler.solver).cpu()

    return torch.cat([flow(part) for part in noise.split(rows)], dim=0 if students is None else 1)


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
