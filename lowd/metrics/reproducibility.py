"""Reproducibility: how often two models make the same image of the same noise.

RP score of Zhang et al. 2024 (arXiv:2310.05264).
"""

import torch

from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, binomial_error, proportion
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import check_cosine, paired_rows

WHITE = 255


def reproducibility(ours: Samples, theirs: Samples, threshold: float) -> Estimate:
    """P(⟨h(x₁), h(x₂)⟩ > threshold), x₁ and x₂ from the same noise through two models.

    High both where two models memorise the same data and where they generalise: read it beside the
    generalization score, and against `reproducibility_chance`.

    Args:
        ours: descriptors, (noise, feature); rows are normalised here.
        theirs: the same of another model, row m from the same noise.
        threshold: a cosine; .6 is the published one for SSCD.

    Returns:
        The fraction of noises, and its standard error over noises (binomial after Agresti and
        Coull, not 0 at 0 and 1).

    Raises:
        ValueError: shapes differ, there are fewer than two noises, a value is not finite, or the
            threshold is no cosine.
    """
    check_cosine(threshold)
    left, right = (unit(rows.double()) for rows in paired_rows(ours, theirs))
    return proportion((left * right).sum(dim=1) > threshold)


def reproducibility_chance(ours: Samples, theirs: Samples, threshold: float) -> Estimate:
    """The reproducibility to expect of noises that have nothing to do with each other.

    The exact mean over all pairs of different noises, which is the mean over all cyclic shifts of
    one side; memory stays bounded.

    Args:
        ours: descriptors, (noise, feature); rows are normalised here.
        theirs: the same of another model.
        threshold: as for `reproducibility`.

    Returns:
        The fraction of pairs, and its standard error over noises: the larger of a U-statistic's
        (Hoeffding 1948; a noise counts as a row and as a column) and the binomial one over pairs,
        which is not 0.

    Raises:
        ValueError: shapes differ, there are fewer than two noises, a value is not finite, or the
            threshold is no cosine.
    """
    check_cosine(threshold)
    left, right = (unit(rows.double()) for rows in paired_rows(ours, theirs))
    noises = len(left)
    row_hits, column_hits = [], torch.zeros(noises, dtype=torch.float64, device=left.device)
    for block, diagonal in zip(left.split(1024), torch.arange(noises).split(1024), strict=True):
        hits = block @ right.T > threshold
        hits[range(len(block)), diagonal] = False
        row_hits.append(hits.sum(dim=1))
        column_hits += hits.sum(dim=0)
    rows, pairs = torch.cat(row_hits), noises * (noises - 1)
    influence = (rows + column_hits) / (noises - 1)
    return Estimate(
        int(rows.sum()) / pairs,
        max(influence.std().item() / noises**0.5, binomial_error(int(rows.sum()), pairs)),
    )


def mae_score(ours: Samples, theirs: Samples, threshold: float = 15.0) -> Estimate:
    """P(mean |x₁ − x₂| < threshold): reproducibility by pixels instead of a descriptor.

    Args:
        ours: images on the scale 0 to 255, (noise, *shape).
        theirs: the same of another model, row m from the same noise.
        threshold: mean absolute difference of a pixel, on the same scale.

    Returns:
        The fraction of noises, with the standard error of `reproducibility`.

    Raises:
        ValueError: shapes differ, there are fewer than two noises, or a value or the threshold is
            not from 0 to 255, or values are fractions of 1.
    """
    left, right = paired_rows(ours, theirs)
    if not 0 <= threshold <= WHITE:
        raise ValueError(f"threshold {threshold} is not on the scale of images, 0 to 255")
    for name, rows in (("ours", left), ("theirs", right)):
        low, high = float(rows.min()), float(rows.max())
        if low < 0 or high > WHITE:
            raise ValueError(
                f"{name} reaches from {low:g} to {high:g}; give images on the scale 0 to 255"
            )
        if 0 < high <= 1 and (rows != rows.round()).any():
            raise ValueError(
                f"{name} seems to be on the scale 0 to 1; give images on the scale 0 to 255"
            )
    return proportion((left.double() - right.double()).abs().mean(dim=1) < threshold)
