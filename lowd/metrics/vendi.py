"""Vendi score: how many different samples a set is worth.

Friedman & Dieng 2023 (arXiv:2210.02410).
"""

import torch

from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import feature_rows


def vendi_score(samples: Samples) -> Estimate:
    """exp(−Σ λ log λ), λ the eigenvalues of the samples' cosines divided by their number.

    1 if all samples point the same way, their number if all are orthogonal. The entropy of few
    samples is too small: compare sets of equal numbers. The eigenvalues are those of the second
    moment of the features, so that time grows with samples times features squared.

    Args:
        samples: features, (sample, feature); rows are normalised here.

    Returns:
        The effective number of samples, and its standard error over samples (delta method: a
        sample x counts as −xᵀ log(C) x, C the second moment; it does not cover the bias).

    Raises:
        ValueError: there are fewer than two rows, a value is not finite, or a row is zero, which
            has no direction.
    """
    rows = unit(feature_rows(samples, "samples").double())
    if zero := int((rows == 0).all(dim=1).sum()):
        raise ValueError(f"samples has {zero} rows of zeros, without a direction; leave them out")
    _, values, vectors = torch.linalg.svd(rows / len(rows) ** 0.5, full_matrices=False)
    shares = values.square()
    shares = shares / shares.sum()
    logarithms = shares.where(shares > 0, 1).log()
    surprise = -((rows @ vectors.T).square() @ logarithms)
    score = (-(shares * logarithms).sum()).exp()
    return Estimate(score.item(), (score * surprise.std() / len(rows) ** 0.5).item())
