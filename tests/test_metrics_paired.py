"""Metrics of paired samples: probability flow distance, reproducibility and its chance level."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.metrics.flow_distance import probability_flow_distance
from lowd.metrics.reproducibility import mae_score, reproducibility, reproducibility_chance

seeds = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotation(size: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(normal(size, size, seed=seed)).Q


def test_a_shifted_set_is_as_far_as_the_shift():
    ours = normal(50, 2, 4, 4)
    distance, error = probability_flow_distance(ours, ours + 3)
    assert distance == pytest.approx(3 * 32**0.5, rel=1e-12)
    assert error == pytest.approx(0, abs=1e-7)


def test_a_set_is_at_distance_zero_of_itself_without_nan():
    assert probability_flow_distance(normal(5, 3), normal(5, 3)) == (0, 0)


def test_distance_between_gaussian_flows_is_the_closed_form():
    # Φ(x) = μ + Σ^½(Σ + T²I)^−½ (x − μ) is the exact flow map of N(μ, Σ); with x ~ N(0, T²I)
    # the mean squared distance between two of them is known.
    end, size = 5.0, 4
    maps, offsets = [], []
    for seed in (1, 2):
        values = torch.linspace(0.2, seed, size, dtype=torch.float64)
        basis = rotation(size, seed)
        maps.append(basis @ torch.diag((values / (values + end**2)).sqrt()) @ basis.T)
        mean = normal(size, seed=seed + 10)
        offsets.append(mean - maps[-1] @ mean)
    exact = (offsets[0] - offsets[1]).square().sum()
    exact = (exact + end**2 * (maps[0] - maps[1]).square().sum()).sqrt().item()
    noise = end * normal(20_000, size, seed=3)
    distance, error = probability_flow_distance(
        *(noise @ linear.T + offset for linear, offset in zip(maps, offsets, strict=True))
    )
    assert error < 0.01 * exact
    assert abs(distance - exact) < 4 * error


def test_two_standard_errors_of_the_distance_cover_the_truth_95_times_of_100():
    # Squared distances are 2χ²₃, so the truth is √6. Of 1000 repetitions the covered fraction has a
    # standard deviation of .007; skewness costs the delta method about .01 at 100 noises.
    pairs = normal(1000, 2, 100, 3)
    estimates = [probability_flow_distance(*pair) for pair in pairs]
    covered = [abs(value - 6**0.5) < 1.96 * error for value, error in estimates]
    assert 0.92 < np.mean(covered) < 0.97


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_distance_ignores_rotation_and_the_order_of_noises(seed):
    ours, theirs = normal(2, 9, 4, seed=seed)
    turn, order = rotation(4, seed), torch.from_numpy(np.random.default_rng(seed).permutation(9))
    expected = pytest.approx(probability_flow_distance(ours, theirs))
    assert probability_flow_distance(ours @ turn, theirs @ turn) == expected
    assert probability_flow_distance(ours[order], theirs[order]) == expected
    assert probability_flow_distance(theirs, ours) == expected


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_distance_obeys_the_triangle_inequality(seed):
    a, b, c = normal(3, 6, 3, seed=seed)
    direct = probability_flow_distance(a, c).value
    detour = probability_flow_distance(a, b).value + probability_flow_distance(b, c).value
    assert direct <= detour * (1 + 1e-12)


def test_arrays_and_tensors_of_any_kind_give_the_same_number():
    ours, theirs = normal(6, 5), normal(6, 5, seed=1)
    expected = probability_flow_distance(ours, theirs)
    flipped = probability_flow_distance(ours.numpy()[::-1], theirs.flip(0))
    assert flipped == pytest.approx(expected)
    assert probability_flow_distance(ours.clone().requires_grad_(), theirs) == expected
    rounded = probability_flow_distance(ours.float(), theirs.half())
    assert rounded == pytest.approx(expected, rel=1e-3)


def test_read_only_arrays_are_taken_without_a_warning():
    script = (
        "import numpy as np; from lowd.metrics import probability_flow_distance\n"
        "frozen = np.ones((3, 2)); frozen.flags.writeable = False\n"
        "probability_flow_distance(frozen, frozen)"
    )
    # PyTorch warns once in a process, so this needs its own.
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_8_bit_images_do_not_wrap_around():
    dark, light = np.zeros((3, 4), np.uint8), np.full((3, 4), 200, np.uint8)
    assert probability_flow_distance(dark, light).value == pytest.approx(400)
    assert mae_score(dark, light).value == 0


def test_reproducibility_counts_pairs_above_the_cosine():
    ours = np.array([[2.0, 0], [0, 3], [1, 1], [1, 0]])
    theirs = np.array([[5.0, 0], [1, 0], [1, 0], [-1, 0]])  # cosines 1, 0, .707, −1
    assert reproducibility(ours, theirs, 0.6).value == 0.5
    assert reproducibility(ours, theirs, 0.8).value == 0.25
    assert reproducibility(ours, theirs, 0.0).value == 0.5


def test_identical_models_reproduce_everything_and_the_error_is_not_zero():
    ours = normal(100, 8)
    value, error = reproducibility(ours, 7 * ours, 0.999999)
    assert value == 1
    assert 1 / 100 < 2 * error < 4 / 100


def test_binomial_error_is_the_usual_one_in_the_middle():
    ours = torch.ones(400, 1)
    theirs = torch.where(torch.arange(400)[:, None] < 100, 1.0, -1.0)
    value, error = reproducibility(ours, theirs, 0.5)
    assert value == 0.25
    assert error == pytest.approx((0.25 * 0.75 / 400) ** 0.5, rel=0.02)


def test_chance_is_the_mean_over_all_cyclic_shifts():
    ours, theirs = normal(30, 3), normal(30, 3, seed=1)
    shifts = [reproducibility(ours, theirs.roll(k, 0), 0.5).value for k in range(1, 30)]
    assert reproducibility_chance(ours, theirs, 0.5).value == pytest.approx(np.mean(shifts))


def test_chance_leaves_out_pairs_of_one_noise_across_blocks():
    ours = torch.eye(1500)
    value, error = reproducibility_chance(ours, ours, 0.5)
    assert value == 0
    assert 0 < error < 1e-5


def test_chance_of_random_directions_is_known_and_its_error_is_right():
    # A random direction on the circle lies within 60° of any other with probability 1/3.
    # 400 repetitions give the standard deviation within 3.5 %.
    draws = normal(400, 2, 40, 2)
    values, errors = np.array([reproducibility_chance(*pair, 0.5) for pair in draws]).T
    assert values.mean() == pytest.approx(1 / 3, abs=4 * values.std() / 20)
    assert 0.9 < np.sqrt((errors**2).mean()) / values.std() < 1.5


def test_chance_error_counts_what_noises_share():
    # All of one side alike: each pair of a row agrees or none does, so noises, not pairs, count.
    ours = normal(300, 1)
    theirs = torch.ones(300, 1, dtype=torch.float64)
    _, error = reproducibility_chance(ours, theirs, 0.5)
    assert error == pytest.approx(0.5 / 300**0.5, rel=0.02)


def test_mae_score_counts_pairs_below_the_threshold():
    ours = np.zeros((4, 2))
    theirs = np.array([[0, 29], [15, 15], [0, 31], [255, 255]])  # 14.5, 15, 15.5, 255
    assert mae_score(ours, theirs).value == 0.25
    assert mae_score(ours, theirs, threshold=15.1).value == 0.5


@pytest.mark.parametrize(
    "metric",
    [
        probability_flow_distance,
        mae_score,
        lambda ours, theirs: reproducibility(ours, theirs, 0.5),
        lambda ours, theirs: reproducibility_chance(ours, theirs, 0.5),
    ],
)
class TestPairedMetricsRefuse:
    def test_values_that_are_not_finite(self, metric):
        theirs = normal(5, 3)
        theirs[1, 2], theirs[4] = torch.inf, torch.nan
        with pytest.raises(ValueError, match="theirs has 2 of 5 rows that are not finite"):
            metric(normal(5, 3), theirs)

    def test_shapes_that_differ(self, metric):
        with pytest.raises(ValueError, match=r"ours is \(5, 3\) and theirs \(4, 3\)"):
            metric(normal(5, 3), normal(4, 3))

    def test_a_single_noise(self, metric):
        with pytest.raises(ValueError, match="ours has 1 row"):
            metric(normal(1, 3), normal(1, 3))

    def test_samples_without_a_feature_axis(self, metric):
        with pytest.raises(ValueError, match=r"shape \(5,\)"):
            metric(normal(5), normal(5))
