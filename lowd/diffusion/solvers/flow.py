"""The probability-flow ODE dx/dσ = (x − D(x; σ))/σ.

Karras et al. 2022 (arXiv:2206.00364), equation 1 with σ(t) = t. Where D is held constant the ODE is
solved exactly by D + (σ'/σ)(x − D), which is Euler's step in σ (and DDIM's), and at σ' = 0 is D
itself; the solvers, a module each beside this, differ in what they do about D changing along the
step.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import get_args

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.settings import SamplerSettings

Solver = Callable[[Denoiser, Tensor, Sequence[float]], Tensor]
SOLVERS: tuple[str, ...] = get_args(SamplerSettings.model_fields["solver"].annotation)
"""The names of all solvers."""


def probability_flow(
    denoise: Denoiser,
    noise: Float[Tensor, "*batch_and_shape"],
    sigmas: Float[Tensor, " levels"],
    solver: str | Solver = "heun",
) -> Float[Tensor, "*batch_and_shape"]:
    """Φ: where the probability-flow ODE carries the noise.

    The state is kept in float64; the denoiser sees it in the noise's dtype. Gradients flow, so
    callers that do not want them enter `torch.no_grad()`.

    Args:
        denoise: D(x, sigma), called with x of the noise's shape, dtype and device, sigma a float.
        noise: x_T, already of scale sigmas[0] (σ_max times unit noise); any shape.
        sigmas: strictly descending levels; the last may be 0, and then the result is a denoised
            image at the level before it.
        solver: one of SOLVERS, or its function, where no setting of the caller's names one: what is
            imported by name counts as its code only if its settings do.

    Returns:
        The state at the last level, in the noise's shape and dtype.

    Raises:
        ValueError: no such solver, or levels that do not descend or go below 0.
    """
    if isinstance(solver, str) and solver not in SOLVERS:
        raise ValueError(f"solver {solver!r} is not known; choose one of {', '.join(SOLVERS)}")
    levels: list[float] = sigmas.tolist()
    if len(levels) < 2 or levels[-1] < 0 or not all(a > b for a, b in pairwise(levels)):
        raise ValueError(
            f"sigmas {levels} are not at least two strictly descending levels, none below 0; "
            "karras_sigmas gives such a grid"
        )

    def denoise_in_double(x: Tensor, sigma: Sigma) -> Tensor:
        return denoise(x.to(noise.dtype), sigma).to(torch.float64)

    solve: Solver = (
        import_module(f"lowd.diffusion.solvers.{solver}").solve
        if isinstance(solver, str)
        else solver
    )
    return solve(denoise_in_double, noise.to(torch.float64), levels).to(noise.dtype)
