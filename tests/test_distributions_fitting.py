"""Fitted distributions against the ones that points came from, and against each other."""

import numpy as np
import pytest
import torch

from lowd.distributions.fitting import REGULARISATION, fit_gaussian, fit_molrg
from lowd.distributions.molrg import MoLRG
from lowd.theory.subspaces import distance

D = 10


def test_the_gaussian_has_the_points_mean_and_covariance():
    points = np.random.default_rng(0).normal(size=(50, 2, 5)).astype(np.float32)
    fitted = fit_gaussian(points)
    assert fitted.mean.shape == (2, 5)
    centred = (points - points.mean(axis=0)).reshape(50, -1)
    np.testing.assert_allclose(fitted.covariance, centred.T @ centred / 50, atol=1e-6)


def test_a_mixture_of_one_with_all_directions_is_the_gaussian():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(200, D)) @ rng.normal(size=(D, D)) + rng.normal(size=D)
    x = torch.from_numpy(rng.normal(size=(7, D)))
    one = fit_molrg(points, clusters=1, rank=D, seed=0)
    for sigma in (0.1, 1.0, 10.0):
        torch.testing.assert_close(
            one.denoise(x, sigma), fit_gaussian(points).denoise(x, sigma), rtol=1e-4, atol=1e-4
        )


def test_the_mixture_finds_subspaces_means_and_variances():
    generator = torch.Generator().manual_seed(0)
    bases = MoLRG.random(2, D, 3, generator).bases
    means = 4 * torch.randn(2, D, generator=generator, dtype=torch.float64)
    variances = torch.tensor([[2.0, 1.0, 0.5], [3.0, 1.5, 1.0]]).double()
    truth = MoLRG(bases, [0.7, 0.3], variances, means)
    found = fit_molrg(truth.sample(4000, generator).numpy(), clusters=2, rank=3, seed=0)
    order = found.weights.argsort(descending=True)
    np.testing.assert_allclose(found.weights[order], [0.7, 0.3], atol=0.03)
    np.testing.assert_allclose(found.means[order], means, atol=0.15)
    assert float(distance(found.bases[order], bases).max()) < 0.05
    np.testing.assert_allclose(found.variances[order], variances, rtol=0.12)
    assert 0.01 * variances.min() > REGULARISATION


def test_the_seed_alone_decides_the_fit():
    points = np.random.default_rng(2).normal(size=(300, D))
    first, again = (fit_molrg(points, clusters=3, rank=2, seed=5) for _ in range(2))
    assert torch.equal(first.bases, again.bases) and torch.equal(first.means, again.means)
    with pytest.raises(ValueError, match="n_samples"):
        fit_molrg(points[:2], clusters=3, rank=2, seed=5)
