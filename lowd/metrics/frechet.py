"""Fréchet distance between Gaussians fitted to two sets of features.

Dowson & Landau 1982; FID of Heusel et al. 2017 (arXiv:1706.08500) when features are Inception's.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate
from lowd.metrics.rows import Samples, comparable_rows


def frechet_distance(generated: Samples, reference: Samples) -> Estimate:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), sample means and covariances, divisor n − 1.

    With Σ = AᵀA, tr (Σ₁Σ₂)^½ is the nuclear norm of A₁A₂ᵀ: no root of a matrix is taken, and
    singular covariances (fewer samples than features) lose no accuracy.

    Biased upward: two samples of one distribution are at a positive distance, which falls as 1/n.
    Compare values only at equal numbers of samples, and with the value of reference samples
    themselves.

    Args:
        generated: features, (sample, feature).
        reference: features, (sample, feature).

    Returns:
        The squared distance, in squared feature units as is customary, and its standard error over
        samples (delta method, Rippl, Munk & Sturm 2016; it does not cover the bias, and is
        too large near distance 0).

    Raises:
        ValueError: features differ in number, there are fewer than two rows, or a value is not
            finite.
    """
    first, second = (
        rows.double() for rows in comparable_rows(generated=generated, reference=reference)
    )
    gap = first.mean(dim=0) - second.mean(dim=0)
    first, second = first - first.mean(dim=0), second - second.mean(dim=0)
    root_1, root_2 = _root(first), _root(second)
    left, values, right = torch.linalg.svd(root_1 @ root_2.T, full_matrices=False)
    distance = gap.square().sum() + root_1.square().sum() + root_2.square().sum() - 2 * values.sum()
    # Rounding alone can leave a distance of 0 negative.
    return Estimate(
        distance.clamp(min=0).item(),
        (
            _variance(first, gap, root_2.T @ right.T, values)
            + _variance(second, -gap, root_1.T @ left, values)
        )
        .sqrt()
        .item(),
    )


def _root(centred: Float[Tensor, "sample feature"]) -> Float[Tensor, "rank feature"]:
    """A with AᵀA the sample covariance."""
    return torch.linalg.qr(centred / (len(centred) - 1) ** 0.5, mode="r").R


def _variance(
    centred: Float[Tensor, "sample feature"],
    gap: Float[Tensor, " feature"],
    directions: Float[Tensor, "feature rank"],
    values: Float[Tensor, " rank"],
) -> Float[Tensor, ""]:
    """Variance that one set of samples gives the distance.

    A sample x counts as ‖x‖² − xᵀTx + 2⟨gap, x⟩, where T, the linear map that
    carries this Gaussian to the other, is directions diag(values)⁻¹ directionsᵀ.
    """
    kept = values > values[0] * max(centred.shape) * torch.finfo(values.dtype).eps
    carried = (centred @ directions[:, kept]).square() @ (1 / values[kept])
    influence = centred.square().sum(dim=1) - carried + 2 * centred @ gap
    return influence.var() / len(centred)
