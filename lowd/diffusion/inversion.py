"""The probability flow upwards: from an image to the noisy state that it is sampled from.

DDIM inversion (Song et al. 2021, arXiv:2010.02502) is Euler's method; Heun's takes the same steps
to second order. Both are deterministic, and so is what they undo.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real
from lowd.diffusion.noise_levels import karras_sigmas


def levels_between(
    sigma: Real, sigma_min: Real, steps: int, rho: Real = 7.0
) -> Float[Tensor, " levels"]:
    """`steps` + 1 levels from σ down to sigma_min, evenly spaced in σ^{1/ρ}; without the 0.

    Raises:
        ValueError: as `karras_sigmas`.
    """
    return karras_sigmas(steps + 1, sigma_min, sigma, rho)[:-1]


def invert(
    denoise: Denoiser,
    images: Float[Tensor, " noise *shape"],
    levels: Float[Tensor, " levels"],
    solver: str = "heun",
) -> Float[Tensor, " noise *shape"]:
    """States at the highest level that the probability flow carries to the images at the lowest.

    An image is taken for the state at the lowest level, whose noise it does not have. What lies off
    the data is stretched by σ/σ_min on the way: rounding to 8 bits too.

    Args:
        denoise: D(x, sigma).
        images: (M, *shape).
        levels: strictly ascending, the first above 0.
        solver: "heun" or "euler".

    Returns:
        (M, *shape) in the images' dtype; the state is kept in float64.

    Raises:
        ValueError: no such solver; levels do not ascend, or begin at 0.
    """
    grid: list[float] = levels.tolist()
    if len(grid) < 2 or grid[0] <= 0 or not all(a < b for a, b in pairwise(grid)):
        raise ValueError(f"levels {grid} are not at least two strictly ascending levels above 0")
    if solver not in ("heun", "euler"):
        raise ValueError(f"solver {solver!r} can't be inverted; choose heun or euler")

    def slope(x: Tensor, sigma: float) -> Tensor:
        return (x - denoise(x.to(images.dtype), sigma).to(torch.float64)) / sigma

    x = images.to(torch.float64)
    for sigma, following in pairwise(grid):
        here = slope(x, sigma)
        there = x + (following - sigma) * here
        x = there
        if solver == "heun":
            x = x + (following - sigma) * (slope(there, following) - here) / 2
    return x.to(images.dtype)
