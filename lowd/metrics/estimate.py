"""A measured number with its uncertainty."""

from math import isfinite, sqrt
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class Estimate(NamedTuple):
    """A value and its standard error, both in the unit of the metric."""

    value: float
    standard_error: float


def squared(value: float, standard_error: float) -> Estimate:
    """An estimate in squared units, or of a higher power.

    Raises:
        ValueError: the value is beyond double precision.
    """
    if not isfinite(value):
        raise ValueError("features are too large to be squared; scale all of them alike")
    return Estimate(value, standard_error)


def mean_estimate(values: Float[Tensor, " sample"]) -> Estimate:
    """The mean of independent values, and its standard error."""
    return Estimate(float(values.mean()), float(values.std()) / len(values) ** 0.5)


def root_mean_square(squares: Float[Tensor, " sample"]) -> Estimate:
    """The root of the mean of independent squares (delta method; the error is 0 where all are)."""
    mean = mean_estimate(squares)
    root = mean.value**0.5
    return Estimate(root, mean.standard_error / (2 * root) if root > 0 else 0.0)


def proportion(hits: Bool[Tensor, " trial"]) -> Estimate:
    """The fraction of independent trials that hit.

    The standard error is the binomial one at p̃ = (hits + 2) / (trials + 4) (Agresti & Coull 1998),
    so it isn't 0 where every trial agrees: two of it are then near 3/n, the "rule of three".
    """
    trials = hits.numel()
    successes = int(hits.sum())
    return Estimate(successes / trials, binomial_error(successes, trials))


def binomial_error(successes: int, trials: int) -> float:
    """Agresti and Coull's standard error of `successes / trials`; never 0."""
    centre = (successes + 2) / (trials + 4)
    return sqrt(centre * (1 - centre) / (trials + 4))
