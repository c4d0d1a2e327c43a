"""Laws on trial."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.comparisons import Across
from lowd.graph.across import RESULTS, related, results_of
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.kinds.laws.find import module_of
from lowd.kinds.laws.settings import Laws
from lowd.kinds.laws.weigh_laws import WeighLawsStep, weigh_laws

WEIGH = Rule(
    "weigh_laws",
    Step(
        weigh_laws,
        cost="kinds.laws.costs:weigh_laws_bill",
        imports=lambda step: tuple(module_of(law) for law in step.laws),
    ),
    RESULTS,
    place="across/weigh-{relation}",
)


def jobs(name: str, comparison: Laws, every: Mapping[str, Settings]) -> Iterator[Job]:
    """What all that is named says of the laws, and the figure."""
    studies = comparison.compared_names
    results = [
        WEIGH.path(relation=study) if isinstance(every[study], Across) else results_of(study)
        for study in studies
    ]
    weighing = WEIGH.job(
        WeighLawsStep(laws=comparison.laws, studies=studies), {"results": results}, relation=name
    )
    yield from related(name, comparison, weighing)
