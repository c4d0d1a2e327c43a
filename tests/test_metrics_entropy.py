"""Entropy of samples, against closed forms and another implementation."""

from math import e, inf, isnan, log, pi

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree
from scipy.special import digamma, gammaln

from lowd.metrics.entropy import entropy, gaussian_entropy


def normal(count, dimension, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dimension))


@pytest.mark.parametrize(("dimension", "scale"), [(1, 0.1), (2, 3.0), (3, 1.0)])
def test_entropy_of_a_gaussian_is_known(dimension, scale):
    exact = dimension * log(2 * pi * e * scale**2) / 2
    value, error = entropy(scale * normal(2500, dimension))
    assert abs(value - exact) < 4 * error < 0.2
    assert gaussian_entropy(scale**2 * np.eye(dimension)) == pytest.approx(exact)


def test_entropy_of_a_uniform_law_is_the_logarithm_of_its_volume():
    points = np.random.default_rng(0).uniform(0, 4, (2000, 1))
    value, error = entropy(points, neighbours=3)
    assert abs(value - log(4)) < 4 * error


@pytest.mark.parametrize(("count", "bias", "tolerance"), [(64, 0.54, 0.12), (512, 0.22, 0.08)])
def test_bias_in_twelve_dimensions_is_what_small_sets_have(count, bias, tolerance):
    """So that entropies are comparable at one size alone: means over sets of their own error."""
    exact = 6 * log(2 * pi * e)
    repeats = 8192 // count
    values = [entropy(one).value for one in np.split(normal(8192, 12), repeats)]
    assert np.mean(values) - exact == pytest.approx(bias, abs=tolerance)
    assert np.mean(values) - exact > 3 * np.std(values, ddof=1) / repeats**0.5


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 1000), st.integers(4, 40), st.integers(1, 6), st.integers(1, 3),
    st.floats(0.01, 100),
)  # fmt: skip
def test_entropy_is_that_of_another_implementation_and_moves_as_it_should(
    seed, count, dimension, k, scale
):
    points = normal(count, dimension, seed)
    value, error = entropy(points, k)
    radii = KDTree(points).query(points, k + 1)[0][:, k]
    ball = dimension / 2 * log(pi) - gammaln(dimension / 2 + 1)
    by_tree = digamma(count) - digamma(k) + ball + dimension * np.log(radii).mean()
    assert value == pytest.approx(by_tree)
    turn = np.linalg.qr(normal(dimension, dimension, seed + 1))[0]
    moved = entropy(scale * points @ turn + 7, k)
    assert moved.value == pytest.approx(value + dimension * log(scale), abs=1e-6)
    assert moved.standard_error == pytest.approx(error, rel=1e-6)


def test_samples_that_coincide_have_no_density():
    points = normal(20, 3)
    value, error = entropy(np.concatenate([points, points[:1]]))
    assert value == -inf and isnan(error)
    # Two that coincide are still apart from a second neighbour.
    assert np.isfinite(entropy(np.concatenate([points, points[:1]]), neighbours=2).value)
    assert gaussian_entropy(np.diag([1.0, 0.0])) == -inf


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="nearest 3 need 4"):
        entropy(torch.zeros(3, 2), neighbours=3)
