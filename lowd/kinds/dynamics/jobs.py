"""Scores along training."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER, POOL
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL, TRAIN
from lowd.kinds.dynamics.follow import FollowStep, follow
from lowd.kinds.dynamics.settings import Dynamics
from lowd.steps.train import TrainStep

FOLLOW = Rule(
    "follow",
    Step(
        follow,
        cost="kinds.dynamics.costs:follow_bill",
        draws=lambda step: (f"{step.seed}/denoising/replicate={{replicate}}",),
        on_device=True,
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Dynamics, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Students with snapshots, what each generates, and the scores of all."""
    study = follow_up.base(every)
    stacks = {
        model: TrainStep(
            seed=follow_up.seed,
            model=network,
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            training=follow_up.training,
            snapshots=follow_up.snapshots,
        )
        for model, network in follow_up.models.items()
    }
    yield from students.train(name, follow_up.study, stacks)
    samplings = {model: (model, study.sampler) for model in stacks}
    yield from students.generate(name, follow_up.study, samplings, follow_up.models)
    yield students.generate_empirical(
        name, follow_up.study, study.sampler, follow_up.samples, follow_up.replicates
    )
    yield FOLLOW.job(
        FollowStep(
            seed=follow_up.seed,
            models=follow_up.models,
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            training=follow_up.training,
        ),
        {
            "students": [TRAIN.path(study=name, model=model) for model in stacks],
            "generated": [GENERATE.path(study=name, model=model) for model in stacks],
            "teacher": GENERATE_TEACHER.path(study=follow_up.study),
            "empirical": GENERATE_EMPIRICAL.path(study=name),
            "pool": POOL.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
        },
        study=name,
    )
