"""Ranks of the denoisers' Jacobians."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import RESULTS, each, related
from lowd.graph.data import POOL, TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.members import members
from lowd.graph.step import Step
from lowd.graph.students import TRAIN
from lowd.kinds.jacobians.linearise import LineariseStep, linearise
from lowd.kinds.jacobians.settings import Jacobians

LINEARISE = Rule(
    "linearise",
    Step(
        linearise,
        cost="kinds.jacobians.costs:linearise_bill",
        draws=lambda step: ("jacobians/{study}", "range/{point}"),
        loads_teacher=True,
    ),
    RESULTS,
    place="across/linearise-{relation}",
)


def jobs(name: str, comparison: Jacobians, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Ranks of teachers' and students' Jacobians, and their figure."""
    studies = comparison.compared(every)
    models = tuple(tuple(study.models) for study in studies.values())
    relation = LINEARISE.job(
        LineariseStep(members=members(studies), models=models),
        {
            "teacher": each(TEACHER, studies),
            "points": each(POOL, studies),
            "students": [
                TRAIN.path(study=study, model=model)
                for study, own in zip(studies, models, strict=True)
                for model in own
            ],
        },
        teachers=[study.teacher for study in studies.values()],
        networks=[model for study in studies.values() for model in study.models.values()],
        relation=name,
    )
    yield from related(name, comparison, relation)
