"""Bias and variance of a generated sample over training sets.

What a student makes of one noise is an estimate of what its teacher makes of it, and depends on the
training set (or seed) drawn.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate, squared
from lowd.metrics.numbers import Samples, real_tensor
from lowd.metrics.rows import feature_rows


class BiasVariance(NamedTuple):
    """Parts of a squared error, in squared descriptor units: `squared_error` is the others' sum."""

    squared_bias: Estimate
    variance: Estimate
    squared_error: Estimate


def bias_variance(students: Samples, teacher: Samples) -> BiasVariance:
    """Split the mean E_gen² of R students into squared bias and variance, both unbiased.

    With Ψ_r the descriptors of student r, Ψ̄ their mean and Ψ_* the teacher's, means over noises:
    variance V = Σ_r mean‖Ψ_r − Ψ̄‖² / (R − 1) and squared bias B = mean‖Ψ̄ − Ψ_*‖² − V/R. Then
    B + V = mean_r E_gen² is an identity. B may come out negative and is not clipped, so its mean
    over repetitions stays right.

    Args:
        students: descriptors, (replicate, noise, feature), replicates trained on independent sets.
        teacher: descriptors, (noise, feature), row m of all from noise m.

    Returns:
        Each part with its standard error over replicates (jackknife), the noises being fixed.
        Two replicates cannot tell the errors of bias and variance: NaN. Prefer eight or more.

    Raises:
        ValueError: there are fewer than two replicates or noises, shapes differ, or a value is not
            finite.
    """
    students, teacher = real_tensor(students, "students"), real_tensor(teacher, "teacher")
    if students.shape[1:] != teacher.shape:
        raise ValueError(
            f"students have shape {tuple(students.shape)} and the teacher {tuple(teacher.shape)}; "
            "give (replicate, noise, feature) and (noise, feature)"
        )
    target = feature_rows(teacher, "teacher").double()
    errors = feature_rows(students, "students").double() - target.flatten()
    replicates, noises = len(errors), len(target)
    mean_error = errors.mean(dim=0)
    deviations = errors - mean_error

    squared_deviations = deviations.square().sum(dim=1) / noises
    variance = squared_deviations.sum() / (replicates - 1)
    squared_bias = mean_error.square().sum() / noises - variance / replicates
    squared_errors = errors.square().sum(dim=1) / noises

    # The same without replicate r: its leaving moves the mean by −deviation_r / (R − 1).
    rest = replicates - 1
    variances = _without_each(squared_deviations)
    mean_errors = (
        mean_error.square().sum() / noises
        - 2 * (deviations @ mean_error) / noises / rest
        + squared_deviations / rest**2
    )
    return BiasVariance(
        squared(squared_bias.item(), _jackknife(mean_errors - variances / rest)),
        squared(variance.item(), _jackknife(variances)),
        squared(squared_errors.mean().item(), squared_errors.std().item() / replicates**0.5),
    )


def variance_slope(students: Sequence[Samples], samples: Sequence[int]) -> Estimate:
    """The exponent of N that the variance follows: the slope of its logarithm on log N.

    Args:
        students: for every N descriptors as `bias_variance` takes them; row r of all belongs to
            the same replicate, whose training sets may be nested.
        samples: the N's.

    Returns:
        The least squares slope, with its jackknife error over replicates.

    Raises:
        ValueError: there are fewer than two N's, or as `bias_variance` does.
    """
    if len(set(samples)) < 2:
        raise ValueError(f"samples {list(samples)} have no slope; give two or more")
    whole, without = [], []
    for one in students:
        flat = torch.stack([feature_rows(row, "students").double().flatten() for row in one])
        squared = (flat - flat.mean(dim=0)).square().sum(dim=1)
        whole.append(squared.sum() / (len(flat) - 1))
        without.append(_without_each(squared))
    x = torch.tensor(samples, dtype=torch.float64).log2()
    x = (x - x.mean()) / (x - x.mean()).square().sum()
    slope = x @ torch.stack(whole).log2()
    return Estimate(slope.item(), _jackknife(x @ torch.stack(without).log2()))


def _without_each(squared_deviations: Float[Tensor, " replicate"]) -> Float[Tensor, " replicate"]:
    """The variance of all but one replicate, which the mean moves away from; of one alone 0/0."""
    rest = len(squared_deviations) - 1
    total = squared_deviations.sum()
    return (total - squared_deviations * (rest + 1) / rest) / (rest - 1)


def _jackknife(left_out: Float[Tensor, " replicate"]) -> float:
    """Standard error from the estimates that leave one replicate out (Tukey 1958)."""
    return (left_out.var(correction=0) * (len(left_out) - 1)).sqrt().item()
