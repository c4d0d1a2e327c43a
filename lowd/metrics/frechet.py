"""Fréchet distance between Gaussians fitted to two sets of features.

Dowson & Landau 1982; FID of Heusel et al. 2017 (arXiv:1706.08500) when features are Inception's.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate, squared
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows


def frechet_distance(generated: Samples, reference: Samples) -> Estimate:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), sample means and covariances, divisor n − 1.

    With Σ = RᵀR, tr (Σ₁Σ₂)^½ is the nuclear norm of R₁R₂ᵀ: no root of a matrix is taken, and
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
            finite or too large to be squared.
    """
    first, second = (
        rows.double() for rows in comparable_rows(generated=generated, reference=reference)
    )
    if not (first.square().sum() + second.square().sum()).isfinite():
        raise ValueError("features are too large to be squared; scale all of them alike")
    gap = first.mean(dim=0) - second.mean(dim=0)
    first, second = first - first.mean(dim=0), second - second.mean(dim=0)
    (q_1, r_1), (q_2, r_2) = (
        torch.linalg.qr(rows / (len(rows) - 1) ** 0.5) for rows in (first, second)
    )
    left, values, right = torch.linalg.svd(r_1 @ r_2.T, full_matrices=False)
    distance = gap.square().sum() + r_1.square().sum() + r_2.square().sum() - 2 * values.sum()
    variance = _variance(first, gap, q_1 @ left, values)
    variance += _variance(second, -gap, q_2 @ right.T, values)
    # Rounding alone can leave a distance of 0 negative.
    return squared(distance.clamp(min=0).item(), variance.sqrt().item())


def _variance(
    centred: Float[Tensor, "sample feature"],
    gap: Float[Tensor, " feature"],
    axes: Float[Tensor, "sample rank"],
    values: Float[Tensor, " rank"],
) -> Float[Tensor, ""]:
    """Variance that one set of samples gives the distance.

    A sample x counts as ‖x‖² − xᵀTx + 2⟨gap, x⟩, T the linear map that carries this Gaussian to the
    other. On the singular vectors `axes`, xᵀTx is (n − 1) Σ_k values_k axes_k², free of inverses.
    """
    carried = (len(centred) - 1) * axes.square() @ values
    influence = centred.square().sum(dim=1) - carried + 2 * centred @ gap
    return influence.var() / len(centred)
