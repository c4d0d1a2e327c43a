"""The Fréchet distance against closed forms, SciPy and simulation."""

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.metrics.frechet import frechet_distance

seeds = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(size: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(normal(size, size, seed=seed)).Q


def exactly(mean: torch.Tensor, root: torch.Tensor, n: int = 40) -> torch.Tensor:
    """As many samples whose mean is `mean` and whose covariance is root rootᵀ, to rounding."""
    raw = normal(n, len(mean), seed=n)
    white = torch.linalg.qr(raw - raw.mean(0)).Q * (n - 1) ** 0.5
    return white @ root.T + mean


def test_commuting_gaussians_are_apart_by_mean_and_deviations():
    basis = rotation(3, seed=1)
    scales = torch.tensor([[1.0, 2, 3], [2, 2, 0.5]], dtype=torch.float64)
    means = normal(2, 3)
    ours, theirs = (exactly(means[i], basis * scales[i], n=40 + i) for i in range(2))
    expected = (means[0] - means[1]).square().sum() + (scales[0] - scales[1]).square().sum()
    assert frechet_distance(ours, theirs).value == pytest.approx(expected.item())


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 5))
def test_it_is_the_textbook_formula_with_scipys_matrix_root(seed, features):
    ours, theirs = normal(20, features, seed=seed).numpy(), normal(30, features, seed=seed + 1)
    theirs = (theirs @ normal(features, features, seed=seed + 2) + 1).numpy()
    first, second = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (ours, theirs))
    root = scipy.linalg.sqrtm(first @ second).real
    expected = ((ours.mean(0) - theirs.mean(0)) ** 2).sum()
    expected += np.trace(first) + np.trace(second) - 2 * np.trace(root)
    assert frechet_distance(ours, theirs).value == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_set_is_at_distance_zero_of_itself():
    for seed in range(10):
        samples = normal(50, 8, seed=seed)
        value, error = frechet_distance(samples, samples.flip(0))
        assert 0 <= value < 1e-12
        assert error == pytest.approx(0, abs=1e-9)


def test_fewer_samples_than_features_lose_no_accuracy():
    # Covariances of rank 9 in 50 dimensions: scaling by c is (c − 1)² times the total variance.
    samples = normal(10, 50)
    centred = samples - samples.mean(0)
    expected = 4 * centred.square().sum() / 9
    value, error = frechet_distance(3 * centred, centred)
    assert value == pytest.approx(expected.item(), rel=1e-12)
    # The map between them is a third or three: a sample counts as 6‖x‖² or −2‖x‖².
    expected_error = (40 * centred.square().sum(1).var() / 10) ** 0.5
    assert error == pytest.approx(expected_error.item(), rel=1e-9)
    assert frechet_distance(samples, samples).value == pytest.approx(0, abs=1e-11)


def test_gaussians_on_orthogonal_subspaces_share_nothing():
    ours, theirs = torch.zeros(2, 12, 8, dtype=torch.float64)
    ours[:, :4], theirs[:, 4:] = normal(12, 4), normal(12, 4, seed=1)
    expected = ours.var(0).sum() + theirs.var(0).sum() + (ours.mean(0) - theirs.mean(0)).norm() ** 2
    value, error = frechet_distance(ours, theirs)
    assert value == pytest.approx(expected.item())
    assert np.isfinite(error)


def test_constant_samples_are_apart_by_their_means():
    assert frechet_distance(np.zeros((4, 3)), np.ones((5, 3))) == pytest.approx((3, 0))


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_it_ignores_rotation_shift_and_order_and_is_symmetric(seed):
    ours, theirs = normal(15, 4, seed=seed), 2 * normal(12, 4, seed=seed + 1)
    turn, order = rotation(4, seed), torch.from_numpy(np.random.default_rng(seed).permutation(15))
    expected = pytest.approx(frechet_distance(ours, theirs), rel=1e-7)
    assert frechet_distance(ours[order] @ turn + 5, theirs @ turn + 5) == expected
    assert frechet_distance(theirs, ours) == expected


@pytest.mark.parametrize(("features", "n"), [(2, 400), (30, 60)])
def test_standard_error_is_the_spread_over_repetitions(features, n):
    # 300 repetitions know a deviation to 4 %; at two samples a feature the delta method is a few
    # percent too large.
    samples = normal(300, 2, n, features, seed=features)
    values, errors = np.array([frechet_distance(2 * a + 1, b) for a, b in samples]).T
    assert 0.88 < errors.mean() / values.std() < 1.2


def test_two_samples_of_one_distribution_are_apart_by_a_bias_that_falls_as_one_over_n():
    small, large = (
        np.mean([frechet_distance(*pair).value for pair in normal(60, 2, n, 5)]) for n in (50, 400)
    )
    assert small / large == pytest.approx(8, rel=0.15)


def test_bad_input_is_refused_by_name():
    reference = normal(5, 3)
    reference[2] = -torch.inf
    with pytest.raises(ValueError, match="reference has 1 of 5 rows that are not finite"):
        frechet_distance(normal(5, 3), reference)
    with pytest.raises(ValueError, match="generated 3, reference 2"):
        frechet_distance(normal(5, 3), normal(5, 2))
    with pytest.raises(ValueError, match="reference has 1 row"):
        frechet_distance(normal(5, 3), normal(1, 3))
