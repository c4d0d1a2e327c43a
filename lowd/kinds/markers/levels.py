"""At which noise levels students are looked at: a rule that sees the teacher alone.

- *structure*, where the local intrinsic dimension is read: of levels at which the teacher's mean
  squared error is between the RESOLVED shares of the data's variance the largest whose dimension is
  within PLATEAU of that at both levels beside it, or, if none is, the one that changes least. Above
  them the data are blurred, and the dimension is flat because it is 0; below, what a network errs
  is divided by a tiny σ².
- *half*, where the gap and the memorised fraction of denoising are read: the level at which the
  teacher's mean squared error is nearest to half of the data's variance, in ratio.
- *band*, which selective underfitting is averaged over: levels at which that error is between the
  BAND shares of the variance; the level of *half*, if none is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PLATEAU = 0.01
RESOLVED = (0.01, 0.1)
BAND = (0.01, 0.7)
MOST = 18
"""Levels at most: every one, every other, … of the sampler's."""


class Levels(NamedTuple):
    """Positions of the levels chosen, in a list of levels that descends."""

    structure: int
    half: int
    band: NDArray[np.bool_]


def choose(dimension: NDArray[np.floating], error: NDArray[np.floating]) -> Levels:
    """The levels by the rule above.

    Args:
        dimension: the teacher's mean local intrinsic dimension at each level, descending.
        error: its mean squared denoising error at each, a share of the data's variance.
    """
    change = np.abs(np.diff(dimension)) / np.abs(dimension).clip(1e-12)[:-1]
    beside = np.maximum(np.append(change, 0), np.insert(change, 0, 0))
    resolved = (error >= RESOLVED[0]) & (error <= RESOLVED[1])
    if not resolved.any():
        resolved = np.ones(len(error), bool)
    flat = np.flatnonzero((beside <= PLATEAU) & resolved)
    steady = int(np.where(resolved, beside, np.inf).argmin())
    half = int(np.argmin(np.abs(np.log(error.clip(1e-12) / 0.5))))
    band = (error >= BAND[0]) & (error <= BAND[1])
    if not band.any():
        band = np.arange(len(error)) == half
    return Levels(int(flat[0]) if len(flat) else steady, half, band)


def thinned(sigmas: list[float]) -> list[float]:
    """At most MOST of the levels, evenly, the last of them always."""
    every = -(-len(sigmas) // MOST)
    return sigmas[::-1][::every][::-1]
