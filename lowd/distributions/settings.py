"""Settings of a distribution that is fitted to samples."""

from pydantic import PositiveInt

from lowd.base import Settings


class MixtureSettings(Settings):
    """A mixture of low-rank Gaussians to be fitted: K clusters of rank r.

    Attributes:
        clusters: K.
        rank: r of each.
    """

    clusters: PositiveInt
    rank: PositiveInt
