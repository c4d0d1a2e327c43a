"""Closed-form students beside a study's trained ones."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL, TRAIN
from lowd.kinds.explained.explain import ExplainStep, explain
from lowd.kinds.explained.settings import Explained

EXPLAIN = Rule(
    "explain",
    Step(
        explain,
        cost="kinds.explained.costs:explain_bill",
        draws=lambda step: (
            f"explained/{step.study}/replicate={{replicate}}",
            f"explained/{step.study}/N={{N}}/replicate={{replicate}}",
        ),
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Explained, every: Mapping[str, Settings]) -> Iterator[Job]:
    """One job, of what the study has trained and generated."""
    study, on = follow_up.base(every), follow_up.study
    yield EXPLAIN.job(
        ExplainStep(
            study=on,
            models=study.models,
            samples=study.samples,
            grid=study.replicates,
            replicates=follow_up.replicates,
            noises=follow_up.noises,
            sampler=study.sampler,
            mixture=follow_up.mixture,
            equivariant=follow_up.equivariant,
        ),
        {
            "students": [TRAIN.path(study=on, model=model) for model in study.models],
            "generated": [GENERATE.path(study=on, model=model) for model in study.models],
            "truth": GENERATE_TEACHER.path(study=on),
            "empirical": GENERATE_EMPIRICAL.path(study=on),
            "pool": POOL.path(study=on),
            "noise": NOISE.path(study=on),
        },
        networks=study.models.values(),
        study=name,
    )
