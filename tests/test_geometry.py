"""Intrinsic dimension against brute force, known dimensions and scikit-dimension."""

import numpy as np
import pytest
import skdim
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.geometry.intrinsic_dimension import levina_bickel, log_ratios


def cloud(dimension, count=1000, ambient=20, seed=0):
    """Standard normal points of a random subspace."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.normal(size=(ambient, dimension)))[0]
    return rng.normal(size=(count, dimension)) @ frame.T


@given(st.integers(5, 30), st.integers(2, 4), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_ratios_are_those_of_all_distances(count, neighbours, seed):
    points = cloud(3, count, 5, seed)
    for point, found in zip(points, log_ratios(points, neighbours), strict=True):
        nearest = np.sort(np.linalg.norm(points - point, axis=1))[1 : neighbours + 1]
        assert found == pytest.approx(np.log(nearest[-1] / nearest).sum())


@pytest.mark.parametrize("dimension", [2, 5, 9])
def test_scikit_dimension_finds_the_same(dimension):
    points = cloud(dimension)
    theirs = skdim.id.MLE().fit(points, n_neighbors=20).dimension_
    assert levina_bickel(points, 20).value == pytest.approx(theirs)


@pytest.mark.parametrize("neighbours", [3, 5, 10, 20])
@pytest.mark.parametrize("dimension", [1, 3, 6])
def test_the_dimension_is_found_with_the_divisor_k_minus_1(dimension, neighbours):
    found = levina_bickel(cloud(dimension, 4000), neighbours)
    # Curvature of the density takes up to a tenth off; neighbours make errors up to √k larger.
    assert 0.9 * dimension - 3 * neighbours**0.5 * found.standard_error < found.value
    assert found.value < dimension + 3 * neighbours**0.5 * found.standard_error


def test_the_divisor_k_minus_2_takes_its_share_off():
    points = cloud(4)
    for neighbours in (3, 10):
        full = levina_bickel(points, neighbours)
        less = levina_bickel(points, neighbours, divisor=neighbours - 2)
        assert less.value == pytest.approx(full.value * (neighbours - 2) / (neighbours - 1))


def test_neither_scale_nor_rotation_nor_ambient_space_matters():
    points = cloud(3)
    turned = 7 * points @ np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))[0] + 5
    wider = np.pad(turned, ((0, 0), (0, 30)))
    assert levina_bickel(wider, 5).value == pytest.approx(levina_bickel(points, 5).value)


def test_points_that_coincide_are_refused_with_their_number():
    points = np.concatenate([cloud(3, 50), cloud(3, 50)[:4]])
    with pytest.raises(ValueError, match=r"points: 8 coincide with another.*leave duplicates out"):
        levina_bickel(points, 3)


@pytest.mark.parametrize("neighbours", [1, 50])
def test_neighbours_that_do_not_fit_are_refused(neighbours):
    with pytest.raises(ValueError, match=f"neighbours: {neighbours} of 50 points; give 2 to 49"):
        levina_bickel(cloud(3, 50), neighbours)
