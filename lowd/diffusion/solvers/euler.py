"""Euler's method."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


def solve(denoise: "Denoiser", x: "Tensor", sigmas: Sequence[float]) -> "Tensor":
    """First order. DDIM (Song et al. 2021, arXiv:2010.02502), η = 0."""
    for sigma, following in pairwise(sigmas):
        denoised = denoise(x, sigma)
        x = denoised + (following / sigma) * (x - denoised)
    return x


def evaluations(steps: int) -> int:
    """One a step."""
    return steps
