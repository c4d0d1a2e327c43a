"""The probability flow upwards: from an image to the noisy state that it is sampled from.

DDIM inversion (Song et al. 2021, arXiv:2010.02502) is Euler's method; Heun's takes the same steps
to second order. Both are deterministic, and so is what they undo.
"""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real, Sigma
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers.flow import Solver
from lowd.diffusion.solvers.heun import solve as heun


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
    solve: Solver = heun,
) -> Float[Tensor, " noise *shape"]:
    """States at the highest level that the probability flow carries to the images at the lowest.

    An image is taken for the state at the lowest level, whose noise it does not have. What lies off
    the data is stretched by σ/σ_min on the way: rounding to 8 bits too.

    Args:
        denoise: D(x, sigma).
        images: (M, *shape).
        levels: strictly ascending, the first above 0.
        solve: a solver's function, whose steps go upwards as they go downwards.

    Returns:
        (M, *shape) in the images' dtype; the state is kept in float64.

    Raises:
        ValueError: levels do not ascend, or begin at 0.
    """
    grid: list[float] = levels.tolist()
    if len(grid) < 2 or grid[0] <= 0 or not all(a < b for a, b in pairwise(grid)):
        raise ValueError(f"levels {grid} are not at least two strictly ascending levels above 0")

    def denoise_in_double(x: Tensor, sigma: Sigma) -> Tensor:
        return denoise(x.to(images.dtype), sigma).to(torch.float64)

    return solve(denoise_in_double, images.to(torch.float64), grid).to(images.dtype)
