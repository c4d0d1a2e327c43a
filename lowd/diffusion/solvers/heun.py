"""Heun's method."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def solve(denoise: "Denoiser", x: "Tensor", sigmas: Sequence[float]) -> "Tensor":
    """Second order. Karras et al. 2022, algorithm 1."""
    for sigma, following in pairwise(sigmas):
        denoised = denoise(x, sigma)
        predicted = denoised + (following / sigma) * (x - denoised)
        if following == 0:
            return predicted
        slope = (x - denoised) / sigma
        slope_there = (predicted - denoise(predicted, following)) / following
        x = x + (following - sigma) * (slope + slope_there) / 2
    return x


def evaluations(steps: int) -> int:
    """Two a step, one to reach 0."""
    return 2 * steps - 1
