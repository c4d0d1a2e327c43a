"""At which noise levels students are looked at: a rule that sees the teacher alone.

- *structure*, where the local intrinsic dimension is read: the largest level whose dimension is
  within PLATEAU of that at both levels beside it. There the teacher's subspaces are resolved, and
  what a network errs is not yet divided by a tiny σ². Where no level is so, that of least change.
- *half*, where the gap and the memorised fraction of denoising are read: the level at which the
  teacher's mean squared error is nearest to half of the data's variance, in ratio.
- *band*, which selective underfitting is averaged over: levels at which that error is between the
  BAND shares of the variance; the level of *half*, if none is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PLATEAU = 0.01
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
    flat = np.flatnonzero(beside[1:-1] <= PLATEAU) + 1
    half = int(np.argmin(np.abs(np.log(error.clip(1e-12) / 0.5))))
    band = (error >= BAND[0]) & (error <= BAND[1])
    if not band.any():
        band = np.arange(len(error)) == half
    return Levels(int(flat[0]) if len(flat) else int(beside.argmin()), half, band)


def thinned(sigmas: list[float]) -> list[float]:
    """At most MOST of the levels, evenly, the last of them always."""
    every = -(-len(sigmas) // MOST)
    return sigmas[::-1][::every][::-1]
