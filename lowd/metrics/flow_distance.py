"""Probability flow distance: how far apart two models carry the same noise.

Zhang et al. 2025 (arXiv:2505.20123), Definition 1.
"""

from lowd.metrics.estimate import Estimate
from lowd.metrics.rows import Samples, paired_rows


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
    squared = (left.double() - right.double()).square().sum(dim=1)
    distance = squared.mean().sqrt().item()
    if distance == 0:
        return Estimate(0.0, 0.0)
    error_of_square = squared.std().item() / len(squared) ** 0.5
    return Estimate(distance, error_of_square / (2 * distance))
