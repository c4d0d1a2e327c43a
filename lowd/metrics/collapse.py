"""How well curves of models of different sizes fall onto one when N is rescaled."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRID = 200
"""Places along the rescaled axis."""


def curve_spread(
    log2_n: ArrayLike, curves: ArrayLike, log2_parameters: ArrayLike, exponent: float
) -> float:
    """Root mean square spread between sizes of curves over log₂(N/|θ|^exponent).

    Curves are linear between grid points. At each place of the rescaled axis that two curves or
    more reach, the variance between them is taken; the mean is over all such places, evenly.

    Args:
        log2_n: the grid, ascending.
        curves: (model, N); NaN where a student diverged.
        log2_parameters: log₂ |θ|, (model,).
        exponent: 0 compares at equal N.

    Returns:
        The spread in the curves' unit; NaN if no two curves overlap.
    """
    x, sizes = np.asarray(log2_n, float), np.asarray(log2_parameters, float)
    shifts = exponent * (sizes - sizes.mean())
    places = np.linspace(x[0] - shifts.max(), x[-1] - shifts.min(), GRID)
    drawn = np.stack(
        [
            _along(places, x - shift, curve)
            for shift, curve in zip(shifts, np.asarray(curves, float), strict=True)
        ]
    )
    both = np.isfinite(drawn).sum(axis=0) >= 2
    if not both.any():
        return np.nan
    return float(np.sqrt(np.nanvar(drawn[:, both], axis=0, ddof=1).mean()))


def _along(
    places: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A curve at places, NaN outside what was measured of it."""
    known = np.isfinite(y)
    if known.sum() < 2:
        return np.full(len(places), np.nan)
    # An end of the curve, shifted forth and back, must not be lost to rounding.
    x = x[known].round(9)
    return np.interp(places.round(9), x, y[known], left=np.nan, right=np.nan)


def best_exponent(
    log2_n: ArrayLike, curves: ArrayLike, log2_parameters: ArrayLike, exponents: ArrayLike
) -> float:
    """Of the exponents the one with the least spread; NaN if curves overlap at none."""
    tried = np.asarray(exponents, float)
    spreads = np.array([curve_spread(log2_n, curves, log2_parameters, a) for a in tried])
    return float(tried[np.nanargmin(spreads)]) if np.isfinite(spreads).any() else np.nan
