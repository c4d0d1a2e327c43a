"""Denoisers of networks trained at discrete steps of a variance-preserving process.

Step t has ᾱ_t = Π_{s≤t} (1 − β_s) (Ho et al. 2020, arXiv:2006.11239, equation 4) and so the noise
level σ_t = √(1 − ᾱ_t)/√ᾱ_t. Between two steps the network is asked at a fractional one, on the line
through both in ln σ: the steps themselves come out exactly.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma, broadcast_sigma
from lowd.diffusion.kernels import KERNELS, epsilon_to_denoiser, posterior_mean_to_denoiser

Prediction = Literal["epsilon", "sample", "v_prediction"]


def step_sigmas(betas: Float[Tensor, " step"]) -> Float[Tensor, " level"]:
    """σ_t of every step that leaves some signal, ascending, in double precision.

    A schedule of zero terminal signal-to-noise ends in σ = ∞, which is left out.

    Raises:
        ValueError: fewer than two steps are left, or noise does not grow with every step.
    """
    log_signal = torch.log1p(-betas.double()).cumsum(0)
    sigmas = torch.expm1(-log_signal).sqrt()
    sigmas = sigmas[sigmas.isfinite()]
    if len(sigmas) < 2 or not (sigmas.diff() > 0).all() or sigmas[0] <= 0:
        raise ValueError("betas: noise has to grow with each of two or more steps")
    return sigmas


def step_of(sigma: Sigma, sigmas: Float[Tensor, " level"]) -> Tensor:
    """The step whose level is `sigma`, fractional between two, of the shape of `sigma`.

    Args:
        sigma: levels within those of the steps; beyond them it is the first or the last step.
        sigmas: as `step_sigmas` gives them.
    """
    level = torch.as_tensor(sigma, dtype=torch.float64, device=sigmas.device).log()
    known = sigmas.log()
    below = (torch.searchsorted(known, level) - 1).clamp(0, len(known) - 2)
    fraction = (level - known[below]) / (known[below + 1] - known[below])
    return below + fraction.clamp(0, 1)


def discrete_denoiser(
    network: Callable[[Tensor, Tensor], Tensor],
    sigmas: Float[Tensor, " level"],
    prediction: Prediction,
) -> Denoiser:
    """D(x; σ) of a network of (x_t, step).

    Args:
        network: gets x_t = αx and the step, of x's dtype and of σ's own shape (a scalar tensor when
            σ is a float); returns x's shape.
        sigmas: as `step_sigmas` gives them.
        prediction: the network's target: the noise ε, the clean sample, or v = αε − βx_0 (Salimans
            and Ho 2022, arXiv:2202.00512).
    """
    vp = KERNELS["vp"]

    def predict(x_t: Tensor, sigma: Sigma) -> Tensor:
        return network(x_t, step_of(sigma, sigmas).to(x_t))

    def posterior_mean(x_t: Tensor, sigma: Sigma) -> Tensor:
        level = broadcast_sigma(sigma, x_t)
        return vp.alpha(level) * x_t - vp.beta(level) * predict(x_t, sigma)

    if prediction == "epsilon":
        return epsilon_to_denoiser(predict, vp)
    return posterior_mean_to_denoiser(predict if prediction == "sample" else posterior_mean, vp)
