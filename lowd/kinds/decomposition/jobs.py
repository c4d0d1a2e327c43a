"""Bias and variance of several follow-ups."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import side_by_side
from lowd.graph.job import Job
from lowd.kinds.decomposition.settings import Decomposition


def jobs(name: str, comparison: Decomposition, every: Mapping[str, Settings]) -> Iterator[Job]:
    """The figure."""
    yield side_by_side(name, "decomposition", comparison)
