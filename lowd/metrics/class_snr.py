"""Signal-to-noise ratio of classes in a denoiser's output (arXiv:2502.05743)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.estimate import Estimate


def class_snr(
    points: Float[Tensor, "point feature"],
    labels: Int[Tensor, " point"],
    bases: Float[Tensor, "class feature direction"],
) -> Estimate:
    """E‖U_kU_kᵀx‖² / E‖Σ_{l≠k} U_lU_lᵀx‖², k the class of x.

    Args:
        points: what a denoiser makes, in data space.
        labels: classes, from 0.
        bases: U, orthonormal columns, the subspaces orthogonal to each other.

    Returns:
        The ratio, and its standard error over points (delta method).
    """
    energy = (points.to(bases.dtype) @ bases).square().sum(dim=2)
    own = energy[labels, torch.arange(len(labels))]
    others = energy.sum(dim=0) - own
    signal, noise = float(own.mean()), float(others.mean())
    spread = (own / signal - others / noise).std() / len(own) ** 0.5
    return Estimate(signal / noise, float(spread) * signal / noise)
