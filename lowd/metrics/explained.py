"""How much of what a model makes of noises another model's samples explain."""

import torch

from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate
from lowd.metrics.magnitude import common_scale
from lowd.metrics.rows import Samples, feature_rows, paired_rows


def sample_cosine(ours: Samples, theirs: Samples, centre: Samples) -> Estimate:
    """Mean cosine of both models' samples of one noise, seen from the data's centre.

    Args:
        ours: (noise, feature).
        theirs: (noise, feature), from the same noises.
        centre: (1, feature), a mean of the data.

    Returns:
        The mean, and its standard error over noises. Unrelated samples are near 0.

    Raises:
        ValueError: shapes differ, there are fewer than two noises, or a value is not finite.
    """
    left, right, middle = _centred(ours, theirs, centre)
    cosines = (unit(left - middle) * unit(right - middle)).sum(1)
    return Estimate(cosines.mean().item(), cosines.std().item() / len(cosines) ** 0.5)


def explained_share(ours: Samples, theirs: Samples, centre: Samples) -> Estimate:
    """r² = 1 − Σ‖ours − theirs‖² / Σ‖ours − centre‖².

    Args:
        ours: (noise, feature), what is to be explained.
        theirs: (noise, feature), what explains it, from the same noises.
        centre: (1, feature), what explains nothing.

    Returns:
        The share, at most 1 and below 0 where the centre is nearer, and its standard error over
        noises (delta method).

    Raises:
        ValueError: as `sample_cosine`, or all of `ours` are the centre.
    """
    left, right, middle = _centred(ours, theirs, centre)
    wrong, whole = (left - right).square().sum(1), (left - middle).square().sum(1)
    if not whole.sum() > 0:
        raise ValueError("ours: every sample is the centre, so there is nothing to explain")
    left_over = (wrong.sum() / whole.sum()).item()
    influence = (wrong - left_over * whole) / whole.mean()
    return Estimate(1 - left_over, influence.std().item() / len(influence) ** 0.5)


def _centred(
    ours: Samples, theirs: Samples, centre: Samples
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """In double precision, all by one factor, so that squares of any are finite."""
    left, right = paired_rows(ours, theirs)
    middle = feature_rows(centre, "centre", at_least=1)
    scale = common_scale(left, right, middle)
    return left.double() * scale, right.double() * scale, middle.double() * scale
