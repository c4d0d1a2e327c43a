"""How many dimensions a cloud of points has, by maximum likelihood.

Levina and Bickel 2004, averaged over points as MacKay and Ghahramani 2005: the inverses, not the
estimates themselves.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lowd.metrics.estimate import Estimate


def log_ratios(points: NDArray[np.floating], neighbours: int) -> NDArray[np.float64]:
    """Σ_{j<k} log(T_k/T_j) of every point, T_j being the distance to its j-th neighbour.

    Args:
        points: (point, feature).
        neighbours: k, 2 or more.

    Raises:
        ValueError: k does not fit the points; or some coincide, whose distance 0 has no logarithm.
    """
    if not 2 <= neighbours < len(points):
        raise ValueError(
            f"neighbours: {neighbours} of {len(points)} points; give 2 to {len(points) - 1}"
        )
    distances, _ = KDTree(points).query(points, neighbours + 1, workers=1)
    distances = distances[:, 1:]  # a point is its own nearest
    if twins := int((distances[:, 0] == 0).sum()):
        raise ValueError(
            f"points: {twins} coincide with another, which has no logarithm; leave duplicates out"
        )
    return np.log(distances[:, -1:] / distances[:, :-1]).sum(axis=1)


def levina_bickel(
    points: NDArray[np.floating], neighbours: int, *, divisor: int | None = None
) -> Estimate:
    """Intrinsic dimension: `divisor` over the mean of Σ_{j<k} log(T_k/T_j).

    Each point's inverse estimate is that sum over k − 1, so that k − 1 is the divisor that averages
    inverses. k − 2, which makes a single point's estimate unbiased, has been published for means
    over points too, where it is not called for: it takes 1/(k − 1) off.

    Args:
        points: (point, feature), all different.
        neighbours: k.
        divisor: k − 1 unless given.

    Returns:
        The dimension; its standard error takes points for independent, which neighbours are not.

    Raises:
        ValueError: as `log_ratios`.
    """
    sums = log_ratios(points, neighbours)
    if not sums.any():
        raise ValueError(
            f"points: all {neighbours} neighbours of each are at one distance, which has no "
            "dimension; give other points"
        )
    value = (neighbours - 1 if divisor is None else divisor) / sums.mean()
    error = value * sums.std(ddof=1) / sums.mean() / len(sums) ** 0.5
    return Estimate(float(value), float(error))
