"""Gaussians and mixtures of low-rank Gaussians fitted to points."""

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG

REGULARISATION = 1e-3
STARTS = 3


def fit_gaussian(points: NDArray[np.floating]) -> Gaussian:
    """The Gaussian with the points' mean and covariance; points (point, *shape)."""
    flat = points.reshape(len(points), -1).astype(np.float64)
    return Gaussian(points.mean(axis=0, dtype=np.float64), np.cov(flat, rowvar=False, bias=True))


def fit_molrg(points: NDArray[np.floating], clusters: int, rank: int, seed: int) -> MoLRG:
    """A mixture by expectation maximisation, each covariance cut to its first `rank` directions.

    Means and variances are fitted too. The likelihood is that of full covariances, from the best of
    STARTS k-means starts.

    Args:
        points: (point, *shape).
        clusters: K.
        rank: r of each subspace.
        seed: of the starts.
    """
    flat = points.reshape(len(points), -1).astype(np.float64)
    found = GaussianMixture(
        clusters, reg_covar=REGULARISATION, n_init=STARTS, random_state=seed % 2**32
    ).fit(flat)
    values, vectors = np.linalg.eigh(found.covariances_)
    bases = vectors[:, :, ::-1][:, :, :rank].copy()
    variances = np.maximum(values[:, ::-1][:, :rank] - REGULARISATION, 0).copy()
    return MoLRG(bases, found.weights_, variances, found.means_)
