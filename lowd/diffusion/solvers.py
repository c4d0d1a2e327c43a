"""Solvers of the probability-flow ODE dx/dσ = (x − D(x; σ))/σ.

Karras et al. 2022 (arXiv:2206.00364), equation 1 with σ(t) = t. Where D is held constant the ODE is
solved exactly by D + (σ'/σ)(x − D), which is Euler's step in σ (and DDIM's), and at σ' = 0 is D
itself; the solvers differ in what they do about D changing along the step.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.schedulers import diffusers_ddim, diffusers_dpmpp

Solver = Callable[[Denoiser, Tensor, Sequence[float]], Tensor]


def _euler(denoise: Denoiser, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """First order; one evaluation a step. DDIM (Song et al. 2021, arXiv:2010.02502), η = 0."""
    for sigma, following in pairwise(sigmas):
        denoised = denoise(x, sigma)
        x = denoised + (following / sigma) * (x - denoised)
    return x


def _heun(denoise: Denoiser, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Second order; two evaluations a step, one to reach 0. Karras et al. 2022, algorithm 1."""
    for sigma, following in pairwise(sigmas):
        denoised = denoise(x, sigma)
        predicted = denoised + (following / sigma) * (x - denoised)
        if following == 0:
            return predicted
        slope = (x - denoised) / sigma
        slope_there = (predicted - denoise(predicted, following)) / following
        x = x + (following - sigma) * (slope + slope_there) / 2
    return x


def _dpmpp(denoise: Denoiser, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Second order, multistep; one evaluation a step, the first step and one to 0 of first order.

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


SOLVERS: dict[str, Solver] = {
    "euler": _euler,
    "heun": _heun,
    "dpmpp": _dpmpp,
    "diffusers_ddim": diffusers_ddim,
    "diffusers_dpmpp": diffusers_dpmpp,
}


def probability_flow(
    denoise: Denoiser,
    noise: Float[Tensor, "*batch_and_shape"],
    sigmas: Float[Tensor, " levels"],
    solver: str = "heun",
) -> Float[Tensor, "*batch_and_shape"]:
    """Φ: where the probability-flow ODE carries the noise.

    The state is kept in float64; the denoiser sees it in the noise's dtype. Gradients flow, so
    callers that do not want them enter `torch.no_grad()`.

    Args:
        denoise: D(x, sigma), called with x of the noise's shape, dtype and device, sigma a float.
        noise: x_T, already of scale sigmas[0] (σ_max times unit noise); any shape.
        sigmas: strictly descending levels; the last may be 0, and then the result is a denoised
            image at the level before it.
        solver: a key of SOLVERS.

    Returns:
        The state at the last level, in the noise's shape and dtype.

    Raises:
        ValueError: no such solver, or levels that do not descend or go below 0.
    """
    if solver not in SOLVERS:
        raise ValueError(f"solver {solver!r} is not known; choose one of {', '.join(SOLVERS)}")
    levels: list[float] = sigmas.tolist()
    if len(levels) < 2 or levels[-1] < 0 or not all(a > b for a, b in pairwise(levels)):
        raise ValueError(
            f"sigmas {levels} are not at least two strictly descending levels, none below 0; "
            "karras_sigmas gives such a grid"
        )

    def denoise_in_double(x: Tensor, sigma: Sigma) -> Tensor:
        return denoise(x.to(noise.dtype), sigma).to(torch.float64)

    return SOLVERS[solver](denoise_in_double, noise.to(torch.float64), levels).to(noise.dtype)
