"""DDIM of the `diffusers` library."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def solve(denoise: "Denoiser", x: "Tensor", sigmas: Sequence[float]) -> "Tensor":
    """η = 0: first order, as Euler's method (Song et al. 2021, arXiv:2010.02502)."""
    from diffusers import DDIMScheduler

    from lowd.diffusion.schedulers import run_scheduler

    return run_scheduler(DDIMScheduler, denoise, x, sigmas, clip_sample=False)


def evaluations(steps: int) -> int:
    """One a step."""
    return steps
