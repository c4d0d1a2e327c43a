"""DPM-Solver++(2M) of the `diffusers` library."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def solve(denoise: "Denoiser", x: "Tensor", sigmas: Sequence[float]) -> "Tensor":
    """Midpoint (Lu et al. 2022, arXiv:2211.01095)."""
    from diffusers import DPMSolverMultistepScheduler

    from lowd.diffusion.schedulers import run_scheduler

    return run_scheduler(
        DPMSolverMultistepScheduler,
        denoise,
        x,
        sigmas,
        algorithm_type="dpmsolver++",
        solver_order=2,
        final_sigmas_type="zero",
    )


def evaluations(steps: int) -> int:
    """One a step."""
    return steps
