"""Probability flow distance: how far apart two models carry the same noise.

Zhang et al. 2025 (arXiv:2505.20123), Definition 1.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate
from lowd.metrics.magnitude import common_scale
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import paired_rows


def probability_flow_distance(ours: Samples, theirs: Samples) -> Estimate:
    """Root mean squared distance between paired descriptors, (mean_m ‖ours_m − theirs_m‖²)^½.

    Row m of both comes from noise m; nothing here can check that, so keep noise and samples in one
    store. E_gen is the distance of a student from its teacher, E_mem from the empirical
    distribution of its own training set, E_emp of that distribution from the teacher.

    Args:
        ours: descriptors of Φ_p(x_T), (noise, feature); of unit norm if values are to be compared
            with published ones (unrelated images are then about √2 apart).
        theirs: descriptors of Φ_q(x_T), the same shape.

    Returns:
        The distance in descriptor units, and its standard error over noises (delta method; 0 at
        distance 0, where every pair agrees).

    Raises:
        ValueError: shapes differ, there are fewer than two noises, or a value is not finite.
    """
    left, right = paired_rows(ours, theirs)
    scale = common_scale(left, right)
    squared = _squared_distances(left, right, scale)
    distance = squared.mean().sqrt().item()
    return Estimate(distance / scale, _error(_influence(squared)) / scale)


def probability_flow_gap(ours: Samples, theirs: Samples, others: Samples) -> Estimate:
    """PFD(ours, theirs) − PFD(ours, others), all from the same noises.

    For E_gen − E_mem: below 0 a student is closer to its teacher than to pure memorisation.

    Args:
        ours: descriptors, (noise, feature).
        theirs: descriptors of the first model to compare with, the same shape.
        others: descriptors of the second, the same shape.

    Returns:
        The difference, and its standard error over noises, which knows that both distances are of
        the same noises (delta method).

    Raises:
        ValueError: shapes differ, there are fewer than two noises, or a value is not finite.
    """
    pairs = paired_rows(ours, theirs), paired_rows(ours, others)
    scale = min(common_scale(*pair) for pair in pairs)
    first, second = (_squared_distances(*pair, scale) for pair in pairs)
    gap = first.mean().sqrt() - second.mean().sqrt()
    return Estimate(gap.item() / scale, _error(_influence(first) - _influence(second)) / scale)


def _squared_distances(
    ours: Float[Tensor, "noise feature"], theirs: Float[Tensor, "noise feature"], scale: float
) -> Float[Tensor, " noise"]:
    """Of features that are scaled by a power of two, so that no square overflows."""
    return (ours.double() * scale - theirs.double() * scale).square().sum(dim=1)


def _influence(squared: Float[Tensor, " noise"]) -> Float[Tensor, " noise"]:
    """What each noise adds to the root mean square, to first order; 0 at distance 0."""
    distance = squared.mean().sqrt()
    return squared / (2 * distance) if distance > 0 else torch.zeros_like(squared)


def _error(influence: Float[Tensor, " noise"]) -> float:
    return influence.std().item() / len(influence) ** 0.5
