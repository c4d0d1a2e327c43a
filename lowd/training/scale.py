"""The standard deviation of data, by which EDM's preconditioning scales."""

from math import inf

from jaxtyping import Float
from torch import Tensor

from lowd.training.settings import TrainingSettings

DIGITS = 3
"""Significant ones: how sums round on another processor changes no more."""


def data_scale(settings: TrainingSettings, points: Float[Tensor, " point *shape"]) -> float:
    """`sigma_data` as given, or else of the points: of all their numbers, about their mean.

    Args:
        settings: of training.
        points: samples of what is learned, not of one training set alone: students of every N are
            to have the same.

    Raises:
        ValueError: it is not given, and numbers of the points are all alike, or not finite.
    """
    if settings.sigma_data is not None:
        return settings.sigma_data
    spread = points.double().std(correction=0).item()
    if not 0 < spread < inf:
        told = "alike" if spread == 0 else "not finite"
        raise ValueError(
            f"training.sigma_data: numbers of the data are {told}, so that none can be estimated; "
            "set it, or look at the data"
        )
    return float(f"{spread:.{DIGITS}g}")
