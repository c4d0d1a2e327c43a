"""Steps of a pipeline's own scheduler, which the denoiser made of its network has to reproduce."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.sources.pipelines import EDM, Pipeline

COMPARED = 9
"""Steps of the scheduler, spread over all of them."""
TOLERANCE = 1e-4
"""How far clean samples and steps may be off, in units of 1 + σ at their noise level.

Rounding left at most 2e-5, in untrained networks whose D is as large as σ.
"""


class Step(NamedTuple):
    """A deterministic step of a scheduler from x = x_0 + σε.

    Attributes:
        sigma: where it starts.
        following: where it ends.
        x: (2, *shape), what it starts from.
        denoised: the clean sample that the scheduler predicts.
        there: where it arrives.
    """

    sigma: float
    following: float
    x: Tensor
    denoised: Tensor
    there: Tensor


@torch.no_grad()
def check_denoiser(
    pipeline: Pipeline, denoise: Denoiser, sigmas: Float[Tensor, " level"], shape: tuple[int, ...]
) -> None:
    """Compare the denoiser, and Euler's step with it, with what the pipeline's scheduler computes.

    Args:
        pipeline: whose network the denoiser is made of.
        denoise: D(x, sigma).
        sigmas: noise levels of the scheduler's steps, ascending; of EDM's alone the range.
        shape: of one sample.

    Raises:
        ValueError: they differ by more than TOLERANCE somewhere.
    """
    name = type(pipeline.scheduler).__name__
    noise = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    for step in _edm(pipeline, noise) if name in EDM else _ddim(pipeline, noise, sigmas):
        denoised = denoise(step.x, step.sigma)
        there = denoised + step.following / step.sigma * (step.x - denoised)
        for ours, theirs, sigma in (
            (denoised, step.denoised, step.sigma),
            (there, step.there, step.following),
        ):
            error = ((ours - theirs).abs().max() / (1 + sigma)).item()
            if not error <= TOLERANCE:  # nor NaN
                raise ValueError(
                    f"teacher: its denoiser is off by {error:.2g}(1 + σ) from {name} at σ = "
                    f"{step.sigma:.4g}, where {TOLERANCE} is allowed: the pipeline means something "
                    "else than its configuration says; write a custom teacher for it"
                )


def _ddim(pipeline: Pipeline, noise: Tensor, sigmas: Tensor) -> Iterator[Step]:
    """Each step to the one before it, without the clipping that samplers may add."""
    from diffusers import DDIMScheduler

    betas = pipeline.scheduler.betas
    scheduler: Any = DDIMScheduler(
        len(betas),
        trained_betas=betas.tolist(),
        prediction_type=pipeline.scheduler.config.prediction_type,
        clip_sample=False,
    )
    scheduler.set_timesteps(len(betas))
    # Its own table is in single precision, where 1 − ᾱ of the first steps has three or four digits.
    scheduler.alphas_cumprod = (1 - betas.double()).cumprod(0)
    # The scheduler's x_t is αx.
    scales = (1 + sigmas**2).sqrt()
    for step in torch.linspace(1, len(sigmas) - 1, COMPARED).long().unique().tolist():
        output = pipeline.unet(noise, step, return_dict=False)[0]
        made = scheduler.step(output, step, noise)
        yield Step(
            sigma=sigmas[step].item(),
            following=sigmas[step - 1].item(),
            x=noise * scales[step].item(),
            denoised=made.pred_original_sample,
            there=made.prev_sample * scales[step - 1].item(),
        )


def _edm(pipeline: Pipeline, noise: Tensor) -> Iterator[Step]:
    """Euler's steps from the largest level to 0."""
    from diffusers import EDMEulerScheduler

    used = ("sigma_min", "sigma_max", "sigma_data", "prediction_type")
    config = pipeline.scheduler.config
    scheduler: Any = EDMEulerScheduler(**{key: config[key] for key in used})
    scheduler.set_timesteps(COMPARED)
    for step, time in enumerate(scheduler.timesteps):
        sigma, following = scheduler.sigmas[step : step + 2].tolist()
        x = sigma * noise
        scaled = scheduler.scale_model_input(x, time)
        made = scheduler.step(pipeline.unet(scaled, time, return_dict=False)[0], time, x)
        yield Step(sigma, following, x, made.pred_original_sample, made.prev_sample)
