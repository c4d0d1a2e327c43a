"""Bias and variance over replicates."""

from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.metrics.bias_variance import BiasVariance, bias_variance, variance_slope
from lowd.metrics.flow_distance import probability_flow_distance

seeds = st.integers(0, 2**31)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(seeds, st.integers(2, 7), st.integers(2, 9), st.floats(-3, 3))
def test_squared_bias_and_variance_sum_to_the_mean_squared_e_gen(seed, replicates, noises, bias):
    students, teacher = normal(replicates, noises, 3, seed=seed), normal(noises, 3, seed=seed + 1)
    students = students + bias
    parts = bias_variance(students, teacher)
    errors = [probability_flow_distance(student, teacher).value ** 2 for student in students]
    assert parts.squared_error.value == pytest.approx(np.mean(errors))
    total = parts.squared_bias.value + parts.variance.value
    assert total == pytest.approx(np.mean(errors), rel=1e-12)


def test_variance_is_numpys_unbiased_one_summed_over_features():
    students = normal(6, 11, 2, 3)
    variance = bias_variance(students, normal(11, 2, 3, seed=1)).variance.value
    expected = students.numpy().var(axis=0, ddof=1).sum(axis=(1, 2)).mean()
    assert variance == pytest.approx(expected)


def test_both_parts_are_unbiased_at_few_replicates():
    # Truth: bias² = 3 · .2² = .12 and variance 3. 2000 repetitions; tolerances are four of the
    # repetitions' own standard errors.
    teacher = normal(5, 3)
    students = teacher + 0.2 + normal(2000, 3, 5, 3, seed=1)
    parts = [bias_variance(group, teacher) for group in students]
    biases = np.array([part.squared_bias.value for part in parts])
    variances = np.array([part.variance.value for part in parts])
    assert biases.mean() == pytest.approx(0.12, abs=4 * biases.std() / 2000**0.5)
    assert variances.mean() == pytest.approx(3, abs=4 * variances.std() / 2000**0.5)
    assert (biases < 0).any()


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(3, 7))
def test_errors_are_the_jackknife_over_replicates(seed, replicates):
    students, teacher = normal(replicates, 4, 3, seed=seed) + 1, normal(4, 3, seed=seed + 1)
    parts = bias_variance(students, teacher)
    left_out = [
        bias_variance(students[torch.arange(replicates) != r], teacher) for r in range(replicates)
    ]
    for name in BiasVariance._fields:
        values = np.array([getattr(part, name).value for part in left_out])
        expected = np.sqrt((replicates - 1) * values.var())
        assert getattr(parts, name).standard_error == pytest.approx(expected, rel=1e-9), name


def test_jackknife_error_is_the_spread_over_repetitions():
    # 1000 repetitions; the jackknife of a quadratic is known to be somewhat too large.
    teacher = torch.zeros(5, 3, dtype=torch.float64)
    parts = [bias_variance(group, teacher) for group in 0.5 + normal(1000, 8, 5, 3)]
    for name in BiasVariance._fields:
        values, errors = np.array([getattr(part, name) for part in parts]).T
        assert 0.9 < np.sqrt((errors**2).mean()) / values.std() < 1.25, name


def test_identical_students_have_no_variance():
    teacher = normal(7, 3)
    parts = bias_variance((teacher + 2).expand(4, 7, 3), teacher)
    assert parts.variance == pytest.approx((0, 0), abs=1e-12)
    assert parts.variance.value >= 0
    assert parts.squared_bias.value == pytest.approx(12)


def test_two_replicates_give_values_but_cannot_tell_their_errors():
    for seed in range(20):
        parts = bias_variance(normal(2, 5, 3, seed=seed), normal(5, 3, seed=99))
        assert isnan(parts.variance.standard_error)
        assert isnan(parts.squared_bias.standard_error)
        assert parts.squared_error.standard_error > 0
        assert parts.variance.value > 0


def test_arrays_are_taken_as_tensors_are():
    students, teacher = normal(3, 5, 2), normal(5, 2, seed=1)
    assert bias_variance(students.numpy(), teacher.numpy()) == bias_variance(students, teacher)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="students has 1 row"):
        bias_variance(normal(1, 5, 3), normal(5, 3))
    with pytest.raises(ValueError, match=r"\(4, 5, 3\) and the teacher \(6, 3\)"):
        bias_variance(normal(4, 5, 3), normal(6, 3))
    students = normal(4, 5, 3)
    students[2, 1, 0] = torch.nan
    with pytest.raises(ValueError, match="students has 1 of 4 rows that are not finite"):
        bias_variance(students, normal(5, 3))


def test_the_slope_of_the_variance_is_a_fit_and_its_error_the_jackknifes():
    samples, replicates = (4, 16, 64), 6
    students = [normal(replicates, 7, 3, seed=n) / n**0.5 for n in samples]

    def fitted(kept):
        variances = [one[kept].numpy().var(0, ddof=1).sum(1).mean() for one in students]
        return np.polyfit(np.log2(samples), np.log2(variances), 1)[0]

    found = variance_slope(students, samples)
    everyone = list(range(replicates))
    assert found.value == pytest.approx(fitted(everyone))
    left_out = [fitted([r for r in everyone if r != out]) for out in everyone]
    assert found.standard_error == pytest.approx(np.std(left_out) * (replicates - 1) ** 0.5)


def test_a_single_n_has_no_slope():
    with pytest.raises(ValueError, match="have no slope"):
        variance_slope([normal(3, 4, 2)], [8])
