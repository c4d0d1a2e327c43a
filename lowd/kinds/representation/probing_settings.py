"""How classes are told from features."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from lowd.base import Settings


class Probing(Settings):
    """How classes are told from features.

    Attributes:
        kind: least squares with a ridge, or the nearest neighbours' votes.
        labels: labelled points of each class that a probe gets; all, if not given.
        draws: of these points, if there are so many.
        penalty: of the ridge.
        neighbours: that vote.
    """

    kind: Literal["ridge", "neighbours"] = "ridge"
    labels: PositiveInt | None = None
    draws: PositiveInt = 10
    penalty: PositiveFloat = 1e-2
    neighbours: PositiveInt = 5
