"""DPM-Solver++(2M)."""

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def solve(denoise: "Denoiser", x: "Tensor", sigmas: Sequence[float]) -> "Tensor":
    """Second order, multistep; the first step and one to 0 are of first order.

    DPM-Solver++(2M), data prediction: Lu et al. 2022 (arXiv:2211.01095), algorithm 2, with α = 1
    and so half log-SNR −ln σ: D is extrapolated in ln σ to the middle of the step.
    """
    previous: tuple[Tensor, float] | None = None
    for sigma, following in pairwise(sigmas):
        denoised = held = denoise(x, sigma)
        if following > 0:
            span = log(sigma / following)
            if previous is not None:
                earlier, span_before = previous
                held = denoised + span / (2 * span_before) * (denoised - earlier)
            previous = denoised, span
        x = held + (following / sigma) * (x - held)
    return x


def evaluations(steps: int) -> int:
    """One a step."""
    return steps
