"""Where a mean curve crosses, with an interval over replicates."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from lowd.metrics.transition import crossings


class CrossingInterval(NamedTuple):
    """log₂ N at a transition with its interval, and whether it is censored, as `crossings` has it.

    The ends are NaN where the curve without some replicate does not cross.
    """

    log2_n: float
    low: float
    high: float
    censored: int


def crossing_interval(
    log2_n: ArrayLike, mean: ArrayLike, without: ArrayLike, level: float = 0.95
) -> CrossingInterval:
    """Where the mean of all replicates' curves falls to 0, and Student's t on a jackknife of it.

    What replicates share, such as noises, is not in it.

    Args:
        log2_n: the grid, ascending, two values or more.
        mean: the curve, (N,), as for `lowd.metrics.transition.crossing`; NaN where nothing was
            measured.
        without: the same without each replicate in turn, (replicate, N).
        level: coverage of the interval.
    """
    points, censored = crossings(
        log2_n, np.vstack([np.asarray(mean, float)[None], np.asarray(without, float)])
    )
    whole, left = points[0], points[1:]
    count = len(left)
    if count < 2 or not np.isfinite(points).all():
        return CrossingInterval(float(whole), np.nan, np.nan, int(censored[0]))
    error = np.sqrt((count - 1) / count * ((left - left.mean()) ** 2).sum())
    reach = stats.t.ppf((1 + level) / 2, count - 1) * error
    return CrossingInterval(float(whole), float(whole - reach), float(whole + reach), 0)
