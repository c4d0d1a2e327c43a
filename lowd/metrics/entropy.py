"""Differential entropy of samples, in nats.

Kozachenko and Leonenko 1987, for k neighbours as in Goria et al. 2005.
"""

from math import inf, lgamma, log, nan, pi

import numpy as np
from scipy.special import digamma

from lowd.metrics.closest import closest
from lowd.metrics.estimate import Estimate
from lowd.metrics.rows import Samples, feature_rows


def entropy(samples: Samples, neighbours: int = 1) -> Estimate:
    """ψ(N) − ψ(k) + ln V_d + d ⟨ln ρ_k⟩, ρ_k the distance to the k-th nearest other sample.

    V_d is the volume of the unit ball. The bias grows with d and shrinks with N, slowly where d is
    large: compare sets of one size. Samples on a subspace have entropy −∞ in the space around it:
    give coordinates within.

    Args:
        samples: (sample, feature).
        neighbours: k.

    Returns:
        Nats, and the standard error over samples, which takes their distances for independent;
        −∞ without an error if two or more samples coincide with k others.

    Raises:
        ValueError: there are not more samples than `neighbours`, or a value is not finite.
    """
    rows = feature_rows(samples, "samples")
    count, dimension = rows.shape
    distances, _ = closest(rows, rows, neighbours, exclude_self=True)
    radii = distances[:, -1].cpu().numpy()
    if (radii == 0).any():
        return Estimate(-inf, nan)
    ball = dimension / 2 * log(pi) - lgamma(dimension / 2 + 1)
    logs = dimension * np.log(radii)
    value = digamma(count) - digamma(neighbours) + ball + logs.mean()
    return Estimate(float(value), float(logs.std(ddof=1) / count**0.5))


def gaussian_entropy(covariance: np.ndarray) -> float:
    """½ ln det(2πe Σ) in nats, of the Gaussian of a covariance (d, d); −∞ if it is singular."""
    sign, log_determinant = np.linalg.slogdet(covariance)
    if sign <= 0:
        return -inf
    return float(len(covariance) / 2 * log(2 * pi * np.e) + log_determinant / 2)
