"""Studies' cells and controls in the plane of GL and RP."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import side_by_side
from lowd.graph.job import Job
from lowd.kinds.controls.settings import Controls


def jobs(name: str, comparison: Controls, every: Mapping[str, Settings]) -> Iterator[Job]:
    """The figure."""
    yield side_by_side(name, "controls", comparison)
