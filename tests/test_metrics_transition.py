"""Where two curves cross, and how the crossing moves with the size of the model."""

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lowd.metrics.transition import (
    UNKNOWN,
    Crossing,
    bootstrap_slope,
    crossing,
    crossings,
    fit_slope,
    slope_interval,
    spread,
)


@settings(max_examples=25, deadline=None)
@given(st.floats(1.01, 9.99), st.floats(0.1, 10), st.sets(st.integers(2, 9)))
def test_the_crossing_of_a_line_is_found_on_any_grid(root, steepness, between):
    grid = np.array([1, *sorted(between), 10])
    found = crossing(grid, steepness * (root - grid))
    assert found.log2_n == pytest.approx(root)
    assert found.censored == ""


def test_a_crossing_on_the_grid_is_that_grid_point():
    assert crossing([1, 2, 3], [4, 0, -1]) == (2, "")


def test_the_first_fall_counts_and_later_ones_do_not():
    assert crossing([1, 2, 3, 4, 5], [1, -1, 1, -1, -1]) == (1.5, "")


def test_crossings_outside_the_grid_are_censored_not_extrapolated():
    below, above = crossing([1, 2], [0, -1]), crossing([1, 2], [2, 0.1])
    assert (below.censored, above.censored) == ("below", "above")
    assert isnan(below.log2_n)
    assert isnan(above.log2_n)
    assert isinstance(above, Crossing)


def test_crossing_refuses_curves_it_cannot_follow():
    with pytest.raises(ValueError, match="must ascend"):
        crossing([2, 1], [1, -1])
    with pytest.raises(ValueError, match="one difference each"):
        crossing([1, 2, 3], [1, -1])
    with pytest.raises(ValueError, match=r"not finite at log2_n \[2.\]"):
        crossing([1, 2, 3], [1, nan, -1])


@settings(max_examples=25, deadline=None)
@given(st.floats(-2, 2), st.floats(-20, 20))
def test_points_on_a_line_give_its_slope_and_intercept(slope, intercept):
    sizes = np.array([10.0, 12, 15, 17])
    fitted = fit_slope(sizes, slope * sizes + intercept)
    assert fitted == pytest.approx((slope, intercept), abs=1e-9)


def test_the_square_root_law_of_the_official_code_is_near_a_half():
    # Parameters 13.96M, 55.73M, 222.75M and log₂ N at GL = ½, from the published plot.
    slope, _ = fit_slope(np.log2([13.96e6, 55.73e6, 222.75e6]), [11.43, 12.41, 13.30])
    assert slope == pytest.approx(0.468, abs=0.001)


def test_fit_is_numpys_and_leaves_censored_points_out():
    sizes, crossings = [10, 11, 12, 13, 14], [3.0, 3.7, nan, 4.4, 5.3]
    expected = np.polyfit([10, 11, 13, 14], [3.0, 3.7, 4.4, 5.3], 1)
    assert fit_slope(sizes, crossings) == pytest.approx(tuple(expected))


def test_one_model_size_has_no_slope():
    for call in (fit_slope, slope_interval):
        with pytest.raises(ValueError, match="1 model sizes have no slope"):
            call([10, 10, 12], [3, 4, nan])
    with pytest.raises(ValueError, match="0 model sizes"):
        bootstrap_slope([10, 12], [[nan], [nan]], np.random.default_rng(0))
    with pytest.raises(ValueError, match="no degree of freedom"):
        slope_interval([10, 12], [3, 4])
    with pytest.raises(ValueError, match="one length"):
        fit_slope([10, 12], [3, 4, 5])


def test_t_interval_covers_the_slope_95_times_of_100():
    # Exact for normal deviations. 1000 repetitions know the fraction to .007.
    sizes, generator = np.array([10.0, 12, 14, 16, 18]), np.random.default_rng(0)
    draws = 0.5 * sizes + generator.normal(0, 0.3, (1000, 5))
    covered = [low < 0.5 < high for _, low, high in (slope_interval(sizes, y) for y in draws)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)


def test_t_interval_is_the_textbook_one():
    sizes, crossings = np.array([10.0, 12, 14, 16]), np.array([3, 4.2, 4.9, 6])
    fit = stats.linregress(sizes, crossings)
    interval = slope_interval(sizes, crossings, level=0.9)
    half = stats.t(2).ppf(0.95) * fit.stderr
    assert interval == pytest.approx((fit.slope, fit.slope - half, fit.slope + half))


def test_bootstrap_of_models_on_a_line_is_that_slope_without_width():
    sizes = np.array([10.0, 12, 14, 16])
    crossings = np.repeat(0.5 * sizes[:, None] - 1, 3, axis=1)
    interval = bootstrap_slope(sizes, crossings, np.random.default_rng(0))
    assert interval == pytest.approx((0.5, 0.5, 0.5))


def test_bootstrap_is_the_plain_loop():
    sizes = np.array([10.0, 12, 14, 17, 19])
    generator = np.random.default_rng(1)
    crossings = 0.5 * sizes[:, None] + generator.normal(0, 0.4, (5, 4))
    crossings[0, :2] = crossings[3, 1] = nan
    slopes = []
    while len(slopes) < 3000:
        models = generator.integers(5, size=5)
        if len(set(models)) < 2:
            continue
        pools = [crossings[m][np.isfinite(crossings[m])] for m in models]
        means = [generator.choice(pool, len(pool)).mean() for pool in pools]
        slopes.append(np.polyfit(sizes[models], means, 1)[0])
    interval = bootstrap_slope(sizes, crossings, np.random.default_rng(2), draws=6000)
    assert interval.slope == pytest.approx(np.polyfit(sizes, np.nanmean(crossings, 1), 1)[0])
    # Quantiles of 3000 draws: within a tenth of the interval's width.
    width = interval.high - interval.low
    np.testing.assert_allclose(interval[1:], np.quantile(slopes, [0.025, 0.975]), atol=width / 10)


def test_bootstrap_drops_models_whose_crossings_are_all_censored():
    sizes, crossings = np.array([8.0, 10, 12, 14]), np.array([[nan] * 2, [3, 3.1], [4, 4], [5, 5]])
    with_it = bootstrap_slope(sizes, crossings, np.random.default_rng(0))
    without = bootstrap_slope(sizes[1:], crossings[1:], np.random.default_rng(0))
    assert with_it == without


def test_bootstrap_follows_its_generator_and_refuses_shapes_that_do_not_fit():
    sizes, crossings = [10, 12, 14], [[3, 3.2], [4, 4.1], [5, 4.8]]
    once, again = (bootstrap_slope(sizes, crossings, np.random.default_rng(3)) for _ in range(2))
    assert once == again
    assert once.low < once.slope < once.high
    with pytest.raises(ValueError, match=r"\(models, replicates\)"):
        bootstrap_slope(sizes, [3, 4, 5], np.random.default_rng(0))


def test_spread_is_the_range_of_what_is_not_censored():
    assert spread([3, nan, 1.5, 2]) == 1.5
    assert isnan(spread([nan]))


def test_crossings_are_those_of_every_curve_over_what_was_measured_of_it():
    curves = [[[2.0, 1.0, -1.0], [2.0, np.nan, -1.0]], [[-1.0, 0.0, 2.0], [np.nan, np.nan, 1.0]]]
    points, censored = crossings([1, 2, 4], curves)
    np.testing.assert_allclose(points, [[3.0, 3.0], [np.nan, np.nan]])
    assert censored.tolist() == [[0, 0], [-1, UNKNOWN]]
