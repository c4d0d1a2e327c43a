"""Scores of two sets of features without pairs: KID, precision to coverage, the Vendi score."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors
from vendi_score import vendi

from lowd.metrics.closest import closest, closest_views
from lowd.metrics.descriptors import unit
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.manifolds import manifolds
from lowd.metrics.vendi import vendi_score

seeds = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def squared_mmd(first: np.ndarray, second: np.ndarray) -> float:
    """The unbiased estimate from whole kernel matrices, scikit-learn's."""
    m, n = len(first), len(second)
    within_first, within_second, across = (
        polynomial_kernel(a, b, degree=3, coef0=1)
        for a, b in ((first, first), (second, second), (first, second))
    )
    return (
        (within_first.sum() - np.trace(within_first)) / (m * (m - 1))
        + (within_second.sum() - np.trace(within_second)) / (n * (n - 1))
        - 2 * across.mean()
    )


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(3, 60), st.integers(3, 60), st.integers(1, 9))
def test_kernel_distance_is_the_unbiased_one_of_scikit_learns_kernels(seed, m, n, features):
    first, second = normal(m, features, seed=seed), normal(n, features, seed=seed + 1) + 1
    expected = squared_mmd(first, second)
    assert kernel_distance(first, second).value == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_kernel_distance_is_the_same_whatever_the_blocks():
    first, second = normal(50, 4), normal(41, 4, seed=1)
    whole = kernel_distance(first, second)
    assert kernel_distance(first, second, entries=50) == pytest.approx(whole)


def test_its_error_is_the_jackknifes_by_leaving_each_sample_out():
    first, second = normal(14, 3), normal(11, 3, seed=1) + 0.5
    variance = sum(
        (len(left) - 1) * np.var([squared_mmd(*each) for each in left])
        for left in (
            [(np.delete(first, row, axis=0), second) for row in range(len(first))],
            [(first, np.delete(second, row, axis=0)) for row in range(len(second))],
        )
    )
    assert kernel_distance(first, second).standard_error == pytest.approx(variance**0.5)


@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_its_error_is_the_spread_over_repetitions_and_never_much_too_small(shift):
    found = [
        kernel_distance(normal(60, 5, seed=2 * s), normal(80, 5, seed=2 * s + 1) + shift)
        for s in range(150)
    ]
    spread = np.std([one.value for one in found])
    told = np.sqrt(np.mean([one.standard_error**2 for one in found]))
    # A spread of 150 is known to 6 %; at distance 0 the jackknife is up to √2 too large.
    assert 0.85 * spread < told < 1.7 * spread


def test_samples_of_one_distribution_are_at_distance_zero_on_average():
    values = [
        kernel_distance(normal(20, 4, seed=2 * s), normal(30, 4, seed=2 * s + 1)).value
        for s in range(300)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 300**0.5


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(8, 60), st.integers(8, 60), st.integers(1, 5))
def test_precision_to_coverage_are_those_of_prdc(seed, m, n, k):
    generated, reference = normal(m, 4, seed=seed), normal(n, 4, seed=seed + 1) * 1.3
    found = manifolds(generated, reference, k)
    theirs = compute_prdc(reference, generated, k)
    for name, estimate in found._asdict().items():
        assert estimate.value == pytest.approx(theirs[name], abs=1e-12), name


def test_they_are_the_same_whatever_the_blocks_and_far_from_the_origin():
    generated, reference = normal(50, 4), normal(60, 4, seed=1)
    whole = manifolds(generated, reference)
    assert manifolds(generated, reference, entries=300) == whole
    assert manifolds(generated + 1e6, reference + 1e6) == whole


def test_samples_far_away_are_neither_precise_nor_cover_anything():
    found = manifolds(normal(40, 3) + 100, normal(40, 3, seed=1))
    assert [one.value for one in found] == [0, 0, 0, 0]
    assert found.precision.standard_error > 0


def test_collapsed_samples_are_precise_and_recall_nothing():
    reference = normal(200, 3)
    found = manifolds(reference[:1] + 1e-3 * normal(50, 3, seed=1), reference)
    assert found.precision.value == 1
    assert found.recall.value <= 1 / 200  # the one that the others are copies of
    assert found.coverage.value < 0.2


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(2, 40), st.integers(1, 50))
def test_the_vendi_score_is_that_of_its_authors(seed, samples, features):
    rows = normal(samples, features, seed=seed)
    assert vendi_score(rows).value == pytest.approx(vendi.score_dual(rows), rel=1e-6)


def test_equal_samples_count_as_one_and_orthogonal_ones_each():
    assert vendi_score(np.ones((9, 4))).value == pytest.approx(1)
    assert vendi_score(3 * np.eye(7)).value == pytest.approx(7)
    repeated = np.concatenate([np.eye(5), np.eye(5)])
    assert vendi_score(repeated).value == pytest.approx(5)


def test_its_error_over_samples_is_the_spread_over_repetitions():
    found = [vendi_score(normal(400, 4, seed=s) * [3, 2, 1, 0.5]) for s in range(120)]
    spread = np.std([one.value for one in found])
    told = np.mean([one.standard_error for one in found])
    assert told == pytest.approx(spread, rel=0.25)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(6, 40), st.integers(1, 5), st.integers(1, 300))
def test_the_closest_are_those_that_scikit_learn_finds_whatever_the_blocks(
    seed, references, count, entries
):
    query, reference = normal(9, 3, seed=seed), normal(references, 3, seed=seed + 1)
    distances, rows = closest(query, reference, count, entries=entries)
    theirs = NearestNeighbors(n_neighbors=count, algorithm="kd_tree").fit(reference)
    expected = theirs.kneighbors(query)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-9)
    np.testing.assert_array_equal(rows, expected[1])
    own, _ = closest(reference, reference, count, exclude_self=True, entries=entries)
    np.testing.assert_allclose(
        own,
        NearestNeighbors(n_neighbors=count + 1, algorithm="kd_tree")
        .fit(reference)
        .kneighbors(reference)[0][:, 1:],
        rtol=1e-9,
    )


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 20), st.integers(1, 4), st.integers(1, 25))
def test_of_views_the_most_similar_counts_whatever_the_blocks(seed, references, views, size):
    query = unit(torch.from_numpy(normal(8, 5, seed=seed)))
    every = torch.from_numpy(normal(views, references, 5, seed=seed + 1))
    every = every / every.norm(dim=2, keepdim=True)
    blocks = every.split(size, dim=1)
    similarity, rows = closest_views(query, blocks, 2)
    brute = torch.einsum("qf,vrf->qvr", query, every).amax(dim=1)
    expected, order = brute.topk(min(2, references), dim=1)
    torch.testing.assert_close(similarity[:, : expected.shape[1]], expected)
    assert rows[:, 0].tolist() == order[:, 0].tolist()
    if references == 1:
        assert similarity[:, 1].tolist() == [-np.inf] * 8
        assert rows[:, 1].tolist() == [-1] * 8
    own = torch.arange(8) % references
    others = brute.clone()
    others[torch.arange(8), own] = -np.inf
    without, _ = closest_views(query, blocks, 1, own)
    torch.testing.assert_close(without[:, 0], others.amax(dim=1))


class TestRefused:
    @pytest.mark.parametrize("metric", [kernel_distance, manifolds])
    def test_features_that_differ_in_number(self, metric):
        with pytest.raises(ValueError, match="numbers of features differ"):
            metric(normal(9, 3), normal(9, 4))

    @pytest.mark.parametrize("metric", [kernel_distance, manifolds])
    def test_values_that_are_not_finite(self, metric):
        broken = normal(9, 3)
        broken[2, 1] = np.nan
        with pytest.raises(ValueError, match="generated has 1 of 9 rows that are not finite"):
            metric(broken, normal(9, 3))

    def test_fewer_samples_than_neighbours(self):
        with pytest.raises(ValueError, match="at least 6"):
            manifolds(normal(5, 3), normal(9, 3))

    def test_samples_without_a_direction(self):
        with pytest.raises(ValueError, match="1 rows of zeros"):
            vendi_score(np.array([[0.0, 0.0], [1.0, 0.0]]))
