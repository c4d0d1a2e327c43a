"""Schedulers of the `diffusers` library as solvers: independent implementations to compare with.

They work in VP coordinates x_t = αx on a list of betas. Given the betas whose σ = β/α are the
levels asked for, they step through just these, and last to 0. Their tables are in single precision,
which levels below about .001 of the data's scale do not survive.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lowd.diffusion.kernels import KERNELS

if TYPE_CHECKING:
    from lowd.diffusion.denoiser import Denoiser


def run_scheduler(
    scheduler: Any, denoise: "Denoiser", x: Tensor, sigmas: Sequence[float], **options: Any
) -> Tensor:
    """What a scheduler class of the library, with these options, makes of x."""
    if sigmas[-1] != 0:
        raise ValueError(f"sigmas end at {sigmas[-1]}; the schedulers of diffusers go down to 0")
    levels = list(sigmas[:-1])
    alphas = KERNELS["vp"].alpha(torch.tensor(levels[::-1], dtype=torch.float64))
    signal = torch.cat([alphas.new_ones(1), alphas**2])
    made = scheduler(
        num_train_timesteps=len(levels),
        trained_betas=(1 - signal[1:] / signal[:-1]).tolist(),
        prediction_type="sample",
        timestep_spacing="trailing",
        **options,
    )
    made.set_timesteps(len(levels))
    scaled = x * alphas[-1]
    for step, sigma in zip(made.timesteps, levels, strict=True):
        alpha = KERNELS["vp"].alpha(sigma)
        denoised = denoise(scaled / alpha, sigma)
        scaled = made.step(denoised, step, scaled).prev_sample
    return scaled
