"""How the transitions of several studies scale with |θ|."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import side_by_side
from lowd.graph.job import Job
from lowd.kinds.slopes.settings import Slopes


def jobs(name: str, comparison: Slopes, every: Mapping[str, Settings]) -> Iterator[Job]:
    """The figure."""
    yield side_by_side(name, "slopes", comparison)
