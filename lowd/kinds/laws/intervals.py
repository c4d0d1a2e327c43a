"""95 % intervals of what laws are about."""

from math import inf, sqrt

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy import stats

from lowd.figures.style import centre_and_error
from lowd.kinds.laws.declaration import Measured

LEVEL = 0.95


def with_error(
    value: object, error: object, freedom: int | float = inf, level: float = LEVEL
) -> Measured:
    """By Student's t with so many degrees of freedom; the normal law, if they are not known.

    No interval without a degree of freedom.
    """
    centre = float(value)  # type: ignore[arg-type]
    if freedom < 1:
        return Measured(centre)
    half = float(stats.t.ppf((1 + level) / 2, freedom)) * float(error)  # type: ignore[arg-type]
    return Measured(centre, centre - half, centre + half)


def of_mean(values: ArrayLike) -> Measured:
    """Of the mean of independent values, replicates say; no interval of a single one."""
    each = np.asarray(values, float)
    if len(each) < 2:
        return Measured(float(each.mean()))
    return with_error(each.mean(), each.std(ddof=1) / sqrt(len(each)), len(each) - 1)


def of_jackknife(whole: float, without: ArrayLike) -> Measured:
    """Of a statistic of all replicates, by those that leave one out."""
    each = np.asarray(without, float)
    count = len(each)
    if count < 2:
        return Measured(whole)
    error = sqrt((count - 1) / count * ((each - each.mean()) ** 2).sum())
    return with_error(whole, error, count - 1)


def of_score(cell: xr.Dataset, score: str, over: str = "replicate") -> Measured:
    """Of the mean of a score over replicates, or pairs of them, which share noises.

    Args:
        cell: the results of one student and its replicates: score and error have no other axis.
        score: its name.
        over: `replicate` or `disjoint_pair`.

    Returns:
        No interval of a single replicate, nor of a single pair, whose spread nothing tells; those
        that diverged do not count.
    """
    known = cell[over].values[cell[score].notnull().values].tolist()
    replicates = {one for each in known for one in str(each).split("|")}
    centre, error = centre_and_error(cell, score, over)
    fewest = 3 if over == "disjoint_pair" else 2
    return with_error(centre, error, len(replicates) - 1 if len(replicates) >= fewest else 0)


def least(*each: Measured) -> Measured:
    """The least of several numbers; its interval reaches from the least end to the least end."""
    if any(np.isnan(one.low) for one in each):
        return Measured(min(one.value for one in each))
    return Measured(*(min(one[at] for one in each) for at in range(3)))


def less(first: Measured, second: Measured) -> Measured:
    """A difference, whose interval is what both allow: too wide rather than too narrow."""
    return Measured(first.value - second.value, first.low - second.high, first.high - second.low)
