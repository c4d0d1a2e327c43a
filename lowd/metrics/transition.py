"""Where memorisation turns into generalisation, and how that moves with the size of the model."""

from math import nan
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

CENSORED = {"below": -1, "": 0, "above": 1}
"""How results tell where a crossing lies."""
UNKNOWN = 2
"""How they mark a curve of which fewer than two points were measured."""


class Crossing(NamedTuple):
    """log₂ N at a transition; NaN if censored, `"below"` or `"above"` the grid of N."""

    log2_n: float
    censored: Literal["", "below", "above"]


class SlopeInterval(NamedTuple):
    """A slope d log₂ N* / d log₂ |θ| and the ends of its confidence interval."""

    slope: float
    low: float
    high: float


def crossing(log2_n: ArrayLike, difference: ArrayLike) -> Crossing:
    """Where a difference first falls from above 0 to 0 or below, linear between grid points.

    For N* where E_gen = E_mem the difference is E_gen − E_mem; where a score that grows reaches
    half of the teacher's own, it is teacher/2 − score. A curve that rises above 0 again is not
    followed.

    Args:
        log2_n: the grid, ascending, two values or more.
        difference: one value for each.

    Returns:
        The crossing; censored, never extrapolated: `"below"` where the difference is not above 0
        at the smallest N, `"above"` where it never falls to 0.

    Raises:
        ValueError: the grid doesn't ascend, lengths differ, or a difference is not finite.
    """
    x, y = np.asarray(log2_n, dtype=float), np.asarray(difference, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2 or not (np.diff(x) > 0).all():
        raise ValueError(f"log2_n {x} must ascend, with one difference each; got {y}")
    if not np.isfinite(y).all():
        raise ValueError(f"difference is not finite at log2_n {x[~np.isfinite(y)]}; leave N out")
    fallen = np.flatnonzero(y <= 0)
    if not len(fallen):
        return Crossing(nan, "above")
    after = fallen[0]
    if after == 0:
        return Crossing(nan, "below")
    before = after - 1
    fraction = y[before] / (y[before] - y[after])
    return Crossing(float(x[before] + fraction * (x[after] - x[before])), "")


def crossings(
    log2_n: ArrayLike, differences: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """The crossing of every curve, of what was measured of it.

    Args:
        log2_n: the grid, ascending, two values or more.
        differences: (*cell, N), as for `crossing`; NaN where nothing was measured.

    Returns:
        log₂ N*, (*cell,), NaN if there is none; and whether it is censored, (*cell,): 0 inside the
        grid, −1 below, 1 above, 2 where fewer than two points were measured.
    """
    x, curves = np.asarray(log2_n, float), np.asarray(differences, float)
    points = np.full(curves.shape[:-1], nan)
    censored = np.full(curves.shape[:-1], UNKNOWN, np.int8)
    for cell in np.ndindex(*points.shape):
        finite = np.isfinite(curves[cell])
        if finite.sum() >= 2:
            points[cell], side = crossing(x[finite], curves[cell][finite])
            censored[cell] = CENSORED[side]
    return points, censored


def fit_slope(log2_parameters: ArrayLike, log2_n: ArrayLike) -> tuple[float, float]:
    """Slope and intercept of log₂ N* against log₂ |θ| by least squares, censored points left out.

    Args:
        log2_parameters: log₂ of the number of parameters, one per point.
        log2_n: log₂ N*, one per point; NaN if censored.

    Raises:
        ValueError: fewer than two different sizes have a crossing.
    """
    fit = stats.linregress(*_uncensored(log2_parameters, log2_n))
    return float(fit.slope), float(fit.intercept)


def slope_interval(
    log2_parameters: ArrayLike, log2_n: ArrayLike, level: float = 0.95
) -> SlopeInterval:
    """The least-squares slope with its interval from Student's t on points − 2 degrees of freedom.

    Takes points about the line for independent, of one variance: give one point a model.

    Args:
        log2_parameters: as for `fit_slope`.
        log2_n: as for `fit_slope`.
        level: coverage of the interval.

    Raises:
        ValueError: fewer than two different sizes, or than three points, have a crossing.
    """
    x, y = _uncensored(log2_parameters, log2_n)
    if len(x) < 3:
        raise ValueError(
            f"{len(x)} crossings leave no degree of freedom; give three models or more"
        )
    fit = stats.linregress(x, y)
    half = stats.t.ppf((1 + level) / 2, len(x) - 2) * fit.stderr
    return SlopeInterval(float(fit.slope), float(fit.slope - half), float(fit.slope + half))


def bootstrap_slope(
    log2_parameters: ArrayLike,
    log2_crossings: ArrayLike,
    generator: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> SlopeInterval:
    """The slope through models' mean crossings, with a bootstrap percentile interval.

    A draw resamples models and, within each, its uncensored replicates; draws of a single model
    size have no slope and are left out. Replicates censored on one side only bias a model's mean:
    extend the grid of N until few are.

    Args:
        log2_parameters: log₂ of the number of parameters, (models,).
        log2_crossings: log₂ N*, (models, replicates); NaN if censored.
        generator: where the draws come from.
        draws: bootstrap samples.
        level: coverage of the interval.

    Raises:
        ValueError: shapes don't fit, or fewer than two different sizes have a crossing.
    """
    sizes, crossings = np.asarray(log2_parameters, float), np.asarray(log2_crossings, float)
    if crossings.ndim != 2 or sizes.shape != crossings.shape[:1]:
        raise ValueError(
            f"log2_parameters {sizes.shape} and log2_crossings {crossings.shape} must be "
            "(models,) and (models, replicates)"
        )
    kept = np.isfinite(crossings).any(axis=1)
    sizes, crossings = sizes[kept], np.sort(crossings[kept], axis=1)  # NaN goes last
    counts = np.isfinite(crossings).sum(axis=1)
    slope, _ = fit_slope(sizes, np.nansum(crossings, axis=1) / counts)

    models, replicates = crossings.shape
    model = generator.integers(models, size=(draws, models))
    count = counts[model][..., None]
    replicate = (generator.random((draws, models, replicates)) * count).astype(int)
    taken = np.arange(replicates) < count
    drawn = crossings[model[..., None], replicate]
    means = drawn.mean(axis=2, where=taken)
    x = sizes[model]
    usable = np.ptp(x, axis=1) > 0
    x = (x - x.mean(axis=1, keepdims=True))[usable]
    slopes = (x * means[usable]).sum(axis=1) / (x**2).sum(axis=1)
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return SlopeInterval(slope, float(low), float(high))


def spread(values: ArrayLike) -> float:
    """Largest less smallest, censored (NaN) values left out; NaN if all are."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    return float(np.ptp(finite)) if len(finite) else nan


def _uncensored(
    log2_parameters: ArrayLike, log2_n: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both without the points whose crossing is NaN."""
    x, y = np.asarray(log2_parameters, dtype=float), np.asarray(log2_n, dtype=float)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"log2_parameters {x.shape} and log2_n {y.shape} must be lists of one length"
        )
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    if len(np.unique(x)) < 2:
        raise ValueError(
            f"crossings at {len(np.unique(x))} model sizes have no slope; add sizes or extend "
            "the grid of N"
        )
    return x, y
