"""When along training something happens, and how that time grows with N.

Bonnaire et al. 2025 (arXiv:2505.17638): students generalise at τ_gen, whatever N, and memorise at
τ_mem, in proportion to it.
"""

from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lowd.metrics.transition import SlopeInterval, crossings


def times_to(steps: ArrayLike, ratios: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """The first step at which each curve has fallen to 1, on a straight line in logarithms.

    Args:
        steps: looked at, (step,), ascending from 1.
        ratios: a curve to its level, or of a curve that grows the level to it, (*cell, step);
            above 0, and NaN where nothing was measured.

    Returns:
        τ, (*cell,), NaN if there is none; and whether it is censored, (*cell,), as
        `lowd.metrics.crossings` says: −1 before the first step, 1 after the last, 2 unknown. A
        power of the step is met exactly.
    """
    log2_times, censored = crossings(np.log2(steps), np.log(np.asarray(ratios, float)))
    return np.asarray(np.exp2(log2_times)), censored


def exponent(samples: ArrayLike, times: ArrayLike, level: float = 0.95) -> SlopeInterval:
    """The slope d log τ / d log N over those N that no replicate is censored at.

    Each replicate, whose training sets are disjoint from the others', has a least-squares slope;
    what is given is their mean, with its interval by Student's t. The interval is of other training
    sets and students at these N: how far τ is from a power law it does not say.

    Args:
        samples: N, (N,).
        times: τ, (N, replicate); NaN if censored.
        level: coverage of the interval.

    Returns:
        Exponent and ends; NaN if fewer than two N are left, the ends also of a single replicate.
    """
    times = np.asarray(times, float)
    whole = np.isfinite(times).all(axis=1)
    if whole.sum() < 2:
        return SlopeInterval(nan, nan, nan)
    x, y = np.log(np.asarray(samples, float)[whole]), np.log(times[whole])
    x = x - x.mean()
    slopes = x @ y / (x @ x)
    mean, count = float(slopes.mean()), len(slopes)
    if count < 2:
        return SlopeInterval(mean, nan, nan)
    half = float(stats.t.ppf((1 + level) / 2, count - 1) * slopes.std(ddof=1) / count**0.5)
    return SlopeInterval(mean, mean - half, mean + half)
