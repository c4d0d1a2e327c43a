"""What captions call an interval covers what they say."""

import numpy as np
import pytest
from test_figures import drawn, results

from lowd.figures.intervals import COVERAGE, SIZES, covered, told_slope
from lowd.metrics.transition import bootstrap_slope

REPETITIONS = 300


def coverage(sizes, replicates, off_the_line):
    """How often the bootstrap's interval has the slope of a line in it."""
    generator = np.random.default_rng(sizes)
    x = np.linspace(11.6, 16.3, sizes)
    hits = 0
    for _ in range(REPETITIONS):
        middle = 0.5 * x + generator.normal(0, off_the_line, sizes)
        points = middle[:, None] + generator.normal(0, 0.06, (sizes, replicates))
        interval = bootstrap_slope(x, points, generator, draws=400)
        hits += interval.low <= 0.5 <= interval.high
    return hits / REPETITIONS


@pytest.mark.parametrize("replicates", [2, 3])
def test_what_is_called_95_percent_is_and_what_is_not_is_less(replicates):
    # 300 repetitions know a share near 0.95 to 0.013, one near 0.5 to 0.03.
    assert coverage(SIZES, replicates, 0.06) > 0.92
    for few, told in COVERAGE.items():
        low, high = (int(end) / 100 for end in told.removesuffix(" %").split(" to "))
        for off_the_line in (0, 0.06):
            assert low - 0.06 < coverage(few, replicates, off_the_line) < high + 0.06


@pytest.mark.parametrize(("replicates", "expected"), [(2, 0.705), (3, 0.816), (8, 0.914)])
def test_two_standard_errors_cover_what_students_t_says(replicates, expected):
    assert covered(replicates) == pytest.approx(expected, abs=0.001)
    draws = np.random.default_rng(0).normal(0, 1, (20000, replicates))
    errors = draws.std(axis=1, ddof=1) / replicates**0.5
    assert np.mean(abs(draws.mean(axis=1)) < 2 * errors) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("sizes", [2, 3, 4])
def test_slopes_of_few_sizes_have_no_interval(sizes):
    study = results(models=sizes, sizes=range(1, 12))
    caption = drawn("transition", study)
    assert ("Intervals (95 %" in caption) == (sizes >= SIZES)
    assert (f"from {sizes} sizes" in caption) == (sizes < SIZES)
    assert ("[" in told_slope(study, "e")) == (sizes >= SIZES)
    assert ("no 95 % interval" in caption) == (sizes < SIZES)


def test_a_size_with_a_censored_replicate_does_not_count():
    study = results(models=SIZES, sizes=range(1, 12))
    study["log2_n_e"][0, 1] = np.nan
    assert told_slope(study, "e").endswith(f"from {SIZES - 1} sizes")


def test_a_study_that_never_beats_memorisation_is_named():
    ours, theirs = results(), results()
    theirs["e_gen"] = theirs["e_gen"] + 3
    caption = drawn("slopes", {"ours": ours, "theirs": theirs})
    assert "in theirs even the largest network never" in caption


def test_slopes_of_studies_that_differ_in_steps_are_shown_over_steps():
    ours, longer = results(), results().assign_attrs(steps=4000)
    longer["slope_e"] = longer["slope_e"] + 0.25
    caption = drawn("slopes", {"ours": ours, "longer": longer})
    low, high = float(ours["slope_e"]), float(longer["slope_e"])
    assert f"is {low:.2f} after 2,000 steps and {high:.2f} after 4,000." in caption
    assert "each: ours " in caption and "longer" not in caption
    assert "steps and" not in drawn("slopes", {"ours": ours, "theirs": results()}).split("\n")[0]
