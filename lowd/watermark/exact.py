"""Detection on a Gaussian, exactly: how well any key could be found by the best linear detector.

A change δ of an image whose data have variances λ_i along the axes of their covariance, in white
noise of standard deviation s, has the deflection d′² = Σ δ_i²/(λ_i + s²). The noise level at which
the mark was written has dropped out: exact sampling and exact inversion change nothing of it. What
is left of σ is the way in which it shapes δ = J^½Δ, J = Σ(Σ + σ²)⁻¹ being the denoiser's Jacobian.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real


def end_of_flow(
    changes: Float[Tensor, "*stack axis"], variances: Float[Tensor, " axis"], sigma: Real
) -> Float[Tensor, "*stack axis"]:
    """δ = J^½Δ: what changes of a state at σ come to in the image, along the covariance's axes."""
    return changes * (variances / (variances + sigma**2)).sqrt()


def deflection(
    changes: Float[Tensor, "*stack axis"], variances: Float[Tensor, " axis"], noise: Real
) -> Float[Tensor, "*stack"]:
    """d′ of changes δ of the image, in its axes; `noise` is s, in units of the image."""
    return (changes.square() / (variances + noise**2)).sum(-1).sqrt()


def area_of(deflections: Float[Tensor, "*stack"]) -> Float[Tensor, "*stack"]:
    """AUC of two normal distributions of equal width d′ apart, Φ(d′/√2)."""
    return torch.special.ndtr(deflections / math.sqrt(2))
