"""Bias and variance of a generated sample over training sets.

What a student makes of one noise is an estimate of what its teacher makes of it, and depends on the
training set (or seed) drawn.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate
from lowd.metrics.rows import Samples, feature_rows


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

    # The same without replicate r: its leaving moves the mean by −deviation_r / (R − 1). One that
    # is left alone has no variance: 0/0.
    rest = replicates - 1
    variances = (variance * rest - squared_deviations * replicates / rest) / (rest - 1)
    mean_errors = (
        mean_error.square().sum() / noises
        - 2 * (deviations @ mean_error) / noises / rest
        + squared_deviations / rest**2
    )
    return BiasVariance(
        Estimate(squared_bias.item(), _jackknife(mean_errors - variances / rest)),
        Estimate(variance.item(), _jackknife(variances)),
        Estimate(squared_errors.mean().item(), squared_errors.std().item() / replicates**0.5),
    )


def _jackknife(left_out: Float[Tensor, " replicate"]) -> float:
    """Standard error from the estimates that leave one replicate out (Tukey 1958)."""
    return (left_out.var(correction=0) * (len(left_out) - 1)).sqrt().item()
