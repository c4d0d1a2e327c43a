"""Times of training and their exponents, of curves whose times are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lowd.metrics.times import exponent, times_to
from lowd.metrics.transition import CENSORED, UNKNOWN

STEPS = np.array([10, 13, 20, 32, 50, 100, 350, 800])


@given(
    tau=st.floats(10.5, 790),
    power=st.floats(0.2, 6),
    steps=st.lists(st.integers(11, 789), min_size=1, max_size=9, unique=True),
)
def test_the_time_of_a_power_of_the_step_is_exact_on_any_snapshots(tau, power, steps):
    at = np.array([10, *sorted(steps), 790], float)
    found, censored = times_to(at, (tau / at) ** power)
    assert found == pytest.approx(tau) and censored == 0


def test_what_happens_outside_the_snapshots_is_censored_not_extrapolated():
    curves = np.stack([7 / STEPS, 900 / STEPS, np.full(8, np.nan), 40 / STEPS])
    found, censored = times_to(STEPS, curves)
    assert censored.tolist() == [CENSORED["below"], CENSORED["above"], UNKNOWN, 0]
    assert np.isnan(found[:3]).all() and found[3] == pytest.approx(40)


def test_snapshots_without_a_value_are_passed_over():
    curve = 40 / STEPS
    curve[3] = np.nan
    assert times_to(STEPS, curve)[0] == pytest.approx(40)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.65])
def test_the_exponent_of_planted_times_is_what_was_planted(power):
    samples = np.array([8, 16, 32, 100])
    times = np.array([40.0, 51.0, 77.0]) * samples[:, None] ** power
    assert exponent(samples, times) == pytest.approx((power, power, power))


def test_an_n_that_one_replicate_is_censored_at_is_left_out():
    samples = np.array([8, 16, 32, 64])
    times = 30.0 * samples[:, None] * np.ones(3)
    times[3] = [1e4, np.nan, 1e4]
    assert exponent(samples, times).slope == pytest.approx(1)
    times[1:, 0] = np.nan
    assert np.isnan(exponent(samples, times)).all()


def test_the_interval_is_student_s_of_each_replicate_s_own_slope():
    rng = np.random.default_rng(0)
    samples = np.array([8, 16, 64])
    times = np.exp(rng.normal(np.log(samples)[:, None], 0.1, (3, 4)))
    slopes = [stats.linregress(np.log(samples), np.log(one)).slope for one in times.T]
    low, high = stats.t.interval(0.95, 3, np.mean(slopes), stats.sem(slopes))
    assert exponent(samples, times) == pytest.approx((np.mean(slopes), low, high))


def test_the_interval_covers_95_times_of_100():
    rng = np.random.default_rng(1)
    samples, count = np.array([8, 16, 32]), 2000
    drawn = np.exp(rng.normal(1.2 * np.log(samples)[:, None], 0.1, (count, 3, 3)))
    found = np.array([exponent(samples, one) for one in drawn])
    covered = ((found[:, 1] < 1.2) & (found[:, 2] > 1.2)).mean()
    # Three standard errors of a share of 0.95.
    assert abs(covered - 0.95) < 3 * (0.95 * 0.05 / count) ** 0.5


def test_one_replicate_has_an_exponent_without_an_interval():
    found = exponent([8, 16], [[80.0], [160.0]])
    assert found.slope == pytest.approx(1) and np.isnan(found[1:]).all()
