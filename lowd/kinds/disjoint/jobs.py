"""Students of disjoint training sets beside each other, of the last model of one study."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import RESULTS, each, related
from lowd.graph.data import POOL
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE
from lowd.kinds.disjoint.pair import PairStep, pair
from lowd.kinds.disjoint.settings import Disjoint

PAIR = Rule(
    "pair", Step(pair, cost="cost.bills:scores_bill"), RESULTS, place="across/pair-{relation}"
)


def jobs(name: str, comparison: Disjoint, every: Mapping[str, Settings]) -> Iterator[Job]:
    """How close samples are to each other and to training sets, and the figures."""
    studies = comparison.compared(every)
    (study,) = studies.values()
    model = list(study.models)[-1]
    relation = PAIR.job(
        PairStep(name=model, samples=study.samples, replicates=study.replicates),
        {
            "generated": [GENERATE.path(study=one, model=model) for one in studies],
            "pool": each(POOL, studies),
            "yardstick": each(DESCRIBE, studies),
        },
        relation=name,
    )
    yield from related(name, comparison, relation)
