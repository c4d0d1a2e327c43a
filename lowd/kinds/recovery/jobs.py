"""Memorisation, convergence and recovery of a study's students."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.data import NOISE, POOL, TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL
from lowd.kinds.recovery.measure_overlaps import OverlapsStep, measure_overlaps
from lowd.kinds.recovery.settings import Recovery
from lowd.sources.settings import GaussianTeacher

MEASURE_OVERLAPS = Rule(
    "measure_overlaps",
    Step(measure_overlaps, cost="kinds.recovery.costs:measure_overlaps_bill"),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Recovery, every: Mapping[str, Settings]) -> Iterator[Job]:
    """One job, of what the study has drawn and generated."""
    study, on = follow_up.base(every), follow_up.study
    assert isinstance(study.teacher, GaussianTeacher)
    yield MEASURE_OVERLAPS.job(
        OverlapsStep(
            models=study.models,
            shape=study.teacher.shape,
            samples=study.samples,
            replicates=study.replicates,
            directions=follow_up.leading(study.teacher),
            sampler=study.sampler,
            steps=study.training.steps,
        ),
        {
            "teacher": TEACHER.path(study=on),
            "pool": POOL.path(study=on),
            "noise": NOISE.path(study=on),
            "empirical": GENERATE_EMPIRICAL.path(study=on),
            "generated": [GENERATE.path(study=on, model=model) for model in study.models],
        },
        study=name,
    )
