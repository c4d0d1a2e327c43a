"""Transitions beside the intrinsic dimension of the data."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import RESULTS, related, results_of
from lowd.graph.descriptors import unseen
from lowd.graph.job import Job, Rule
from lowd.graph.members import members
from lowd.graph.step import Step
from lowd.kinds.dimension.relate import RelateStep, relate
from lowd.kinds.dimension.settings import Dimension

RELATE = Rule(
    "relate",
    Step(
        relate,
        cost="kinds.dimension.costs:relate_bill",
        draws=lambda step: ("exponent/{model}/{rule}",),
    ),
    RESULTS,
    place="across/relate-{relation}",
)


def jobs(name: str, comparison: Dimension, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Transitions and dimensions of all studies, and their figures."""
    studies = comparison.compared(every)
    relation = RELATE.job(
        RelateStep(members=members(studies)),
        {
            "results": [results_of(study) for study in studies],
            "points": [unseen(study, settings) for study, settings in studies.items()],
        },
        relation=name,
    )
    yield from related(name, comparison, relation)
