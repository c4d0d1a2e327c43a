"""Nearest neighbours and what is built on them: GL, AuthPct, C_T."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from lowd.metrics.authenticity import authenticity
from lowd.metrics.data_copying import data_copying
from lowd.metrics.generalization import generalization
from lowd.metrics.neighbours import most_similar, nearest

seeds = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(size: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(normal(size, size, seed=seed)).Q


def grid_points(*shape: int, seed: int) -> np.ndarray:
    """Few distinct values, so that many distances tie."""
    return np.random.default_rng(seed).integers(0, 4, size=shape)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 40), st.integers(1, 40), st.integers(1, 6), st.integers(1, 300))
def test_nearest_is_what_scikit_learn_finds_whatever_the_blocks(
    seed, queries, references, features, entries
):
    query, reference = (
        normal(queries, features, seed=seed),
        normal(references, features, seed=seed + 1),
    )
    distance, row = nearest(query, reference, entries=entries)
    theirs = NearestNeighbors(n_neighbors=1, algorithm="kd_tree").fit(reference).kneighbors(query)
    np.testing.assert_allclose(distance, theirs[0][:, 0], rtol=1e-9)
    np.testing.assert_array_equal(row, theirs[1][:, 0])


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(2, 40), st.integers(1, 300))
def test_none_is_its_own_neighbour(seed, samples, entries):
    points = normal(samples, 3, seed=seed)
    distance, row = nearest(points, points, exclude_self=True, entries=entries)
    theirs = NearestNeighbors(n_neighbors=2, algorithm="kd_tree").fit(points).kneighbors(points)
    np.testing.assert_allclose(distance, theirs[0][:, 1], rtol=1e-9)
    np.testing.assert_array_equal(row, theirs[1][:, 1])


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(1, 40), st.integers(1, 300))
def test_most_similar_has_the_largest_cosine_whatever_the_blocks(seed, references, entries):
    query, reference = normal(7, 4, seed=seed).numpy(), normal(references, 4, seed=seed + 1).numpy()
    cosines = query @ reference.T
    cosines /= np.linalg.norm(query, axis=1)[:, None] * np.linalg.norm(reference, axis=1)
    similarity, row = most_similar(query, reference, entries=entries)
    np.testing.assert_allclose(similarity, cosines.max(1), rtol=1e-12)
    np.testing.assert_array_equal(row, cosines.argmax(1))


def test_a_copy_far_from_the_origin_is_at_distance_exactly_zero():
    points = normal(50, 6).float() + 1000
    distance, row = nearest(points[20:30], points)
    assert distance.tolist() == [0] * 10
    assert row.tolist() == list(range(20, 30))


def test_samples_close_together_far_from_the_origin_are_told_apart():
    points = 1e6 + torch.arange(40, dtype=torch.float64)[:, None].expand(40, 3) * 1e-3
    distance, row = nearest(points + 1e-4, points)
    assert row.tolist() == list(range(40))
    np.testing.assert_allclose(distance, 3**0.5 * 1e-4, rtol=1e-5)


def test_precisions_may_be_mixed_and_gradients_are_ignored():
    points = normal(9, 4).requires_grad_()
    assert data_copying(points, points[2:], points).value > 0
    points = points.detach()
    assert nearest(points.half(), points.float())[1].tolist() == list(range(9))
    assert most_similar(points.numpy(), points.half())[1].tolist() == list(range(9))


def test_exclude_self_needs_the_same_samples_twice():
    with pytest.raises(ValueError, match="3 queries and 4 references"):
        nearest(normal(3, 2), normal(4, 2), exclude_self=True)
    with pytest.raises(ValueError, match="two or more"):
        nearest(normal(1, 2), normal(1, 2), exclude_self=True)


def test_copies_do_not_generalise_and_noise_does():
    training = normal(200, 32)
    assert generalization(2 * training[:50], training, 0.9).value == 0
    value, error = generalization(normal(50, 32, seed=1), training, 0.9)
    assert value == 1
    assert error > 0


def test_generalization_is_the_brute_force_fraction():
    generated, training = normal(60, 3), normal(20, 3, seed=1)
    cosines = torch.cosine_similarity(generated[:, None], training[None], dim=2)
    expected = 1 - (cosines.max(1).values > 0.8).double().mean().item()
    assert 0.1 < expected < 0.9
    assert generalization(generated, training, 0.8).value == pytest.approx(expected)


def test_a_cosine_at_the_threshold_is_not_above_it():
    at = np.array([[3.0, 4], [3, 4]])
    assert generalization(at, np.array([[1.0, 0], [1, 0]]), 0.6).value == 1


def test_a_larger_training_set_never_raises_generalization():
    generated, training = normal(60, 3), normal(40, 3, seed=1)
    scores = [generalization(generated, training[:n], 0.9).value for n in (2, 5, 10, 20, 40)]
    assert scores == sorted(scores, reverse=True)


def test_authenticity_is_the_published_definition():
    generated, training = normal(80, 3), normal(30, 3, seed=1)
    apart = torch.cdist(training, training).fill_diagonal_(torch.inf).min(0).values
    away = torch.cdist(training, generated).min(0)
    expected = 100 * (apart[away.indices] < away.values).double().mean().item()
    assert authenticity(generated, training).value == pytest.approx(expected)


def test_copies_are_not_authentic_even_of_duplicated_training_samples():
    training = normal(20, 3).repeat(2, 1)
    assert authenticity(training[:20], training).value == 0
    assert authenticity(training[:20] + 100, training).value == 100


@pytest.mark.parametrize(("dimension", "reflexive"), [(1, 2 / 3), (2, 0.6215), (3, 0.5926)])
def test_a_perfect_model_is_authentic_as_often_as_neighbours_are_not_mutual(dimension, reflexive):
    # Both samples of 4000 contribute: twice the binomial variance, .011 in all; three of those.
    uniform = torch.rand(8000, dimension, generator=torch.Generator().manual_seed(dimension))
    value, error = authenticity(uniform[:4000], uniform[4000:])
    assert value == pytest.approx(100 * (1 - reflexive), abs=3.3)
    assert error == pytest.approx(0.77, abs=0.03)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_neighbour_metrics_ignore_rotation_shift_scale_and_order(seed):
    generated, held_out, training = normal(3, 12, 4, seed=seed)
    turn, order = rotation(4, seed), torch.from_numpy(np.random.default_rng(seed).permutation(12))
    moved = [3 * points[order] @ turn + 1 for points in (generated, held_out, training)]
    assert authenticity(moved[0], moved[2]) == authenticity(generated, training)
    assert data_copying(*moved) == pytest.approx(data_copying(generated, held_out, training))


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_data_copying_counts_as_scipy_does_ties_included(seed):
    generated, held_out, training = (
        grid_points(n, 2, seed=seed + i) for i, n in enumerate((15, 11, 4))
    )
    ours, theirs = nearest(generated, training)[0], nearest(held_out, training)[0]
    u = stats.mannwhitneyu(ours, theirs).statistic
    expected = (u - (15 * 11 / 2 - 0.5)) / np.sqrt(15 * 11 * (15 + 11 + 1) / 12)
    assert data_copying(generated, held_out, training).value == pytest.approx(expected)


def test_data_copying_gives_scipys_p_value_without_ties():
    generated, held_out, training = normal(40, 3), normal(30, 3, seed=1), normal(50, 3, seed=2)
    theirs = stats.mannwhitneyu(
        nearest(generated, training)[0],
        nearest(held_out, training)[0],
        alternative="less",
        method="asymptotic",
    )
    score = data_copying(generated, held_out, training).value
    assert stats.norm.cdf(score) == pytest.approx(theirs.pvalue)


def test_data_copying_of_a_perfect_model_is_standard_normal():
    # 200 repetitions know the mean to .07 and the deviation to .05. The continuity correction
    # moves the mean by .5 / 100.
    samples = normal(200, 3, 50, 2)
    values, errors = np.array([data_copying(*sample) for sample in samples]).T
    assert abs(values.mean()) < 0.21
    assert values.std() == pytest.approx(1, abs=0.15)
    assert errors.mean() == pytest.approx(1, abs=0.05)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_data_copying_error_is_that_of_delong_by_brute_force(seed):
    generated, held_out, training = (
        grid_points(n, 2, seed=seed + i) for i, n in enumerate((15, 11, 4))
    )
    ours, theirs = nearest(generated, training)[0], nearest(held_out, training)[0]
    farther = np.heaviside((ours[:, None] - theirs).numpy(), 0.5)
    area_error = np.sqrt(farther.mean(1).var(ddof=1) / 15 + farther.mean(0).var(ddof=1) / 11)
    expected = 15 * 11 * area_error / np.sqrt(15 * 11 * (15 + 11 + 1) / 12)
    assert data_copying(generated, held_out, training).standard_error == pytest.approx(expected)


def test_copies_reach_the_lower_bound_of_data_copying():
    training, held_out = normal(60, 4), normal(30, 4, seed=1)
    value, error = data_copying(training[:40], held_out, training)
    scale = (40 * 30 * 71 / 12) ** 0.5
    assert value == pytest.approx(-((3 * 40 * 30 / 71) ** 0.5) + 0.5 / scale)
    assert value < -6
    assert error == 0


def test_noise_is_far_above_zero_in_data_copying():
    assert data_copying(normal(50, 4) * 10, normal(50, 4, seed=1), normal(60, 4, seed=2)).value > 6


@pytest.mark.parametrize(
    "metric",
    [
        authenticity,
        lambda generated, training: generalization(generated, training, 0.5),
        lambda generated, training: data_copying(generated, normal(4, 3), training),
    ],
)
class TestNeighbourMetricsRefuse:
    def test_values_that_are_not_finite(self, metric):
        training = normal(5, 3)
        training[[0, 2, 3], 1] = torch.nan
        with pytest.raises(ValueError, match="training has 3 of 5 rows that are not finite"):
            metric(normal(4, 3), training)

    def test_features_that_differ_in_number(self, metric):
        with pytest.raises(ValueError, match=r"generated 3, .*training 2"):
            metric(normal(4, 3), normal(4, 2))

    def test_a_single_row(self, metric):
        with pytest.raises(ValueError, match="generated has 1 row"):
            metric(normal(1, 3), normal(4, 3))
