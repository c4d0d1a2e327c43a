"""Scores along training."""

from collections.abc import Iterator

from lowd.findings import Dynamics
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER, POOL
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL, TRAIN
from lowd.steps.follow import FollowStep, follow
from lowd.steps.train import TrainStep
from lowd.studies import Study

FOLLOW = Rule(
    "follow",
    Step(
        follow,
        cost="scores.follow_bill",
        draws=lambda step: (f"{step.seed}/denoising/replicate={{replicate}}",),
        on_device=True,
    ),
    ("results/{study}.zarr",),
)

FIGURES = {"dynamics": ("loss_training", "loss_held_out", "e_gen", "e_mem", "gl", "rp_disjoint")}


def jobs(name: str, finding: Dynamics, study: Study) -> Iterator[Job]:
    """Students with snapshots, what each generates, and the scores of all."""
    stacks = {
        model: TrainStep(
            seed=finding.seed,
            name=model,
            model=network,
            samples=finding.samples,
            replicates=finding.replicates,
            training=finding.training,
            snapshots=finding.snapshots,
        )
        for model, network in finding.models.items()
    }
    yield from students.train(name, finding.study, stacks)
    samplings = {model: (model, study.sampler) for model in stacks}
    yield from students.generate(name, finding.study, samplings)
    yield students.generate_empirical(
        name, finding.study, study.sampler, finding.samples, finding.replicates
    )
    yield FOLLOW.job(
        FollowStep(
            seed=finding.seed,
            models=finding.models,
            samples=finding.samples,
            replicates=finding.replicates,
            training=finding.training,
        ),
        {
            "students": [TRAIN.path(study=name, model=model) for model in stacks],
            "generated": [GENERATE.path(study=name, model=model) for model in stacks],
            "teacher": GENERATE_TEACHER.path(study=finding.study),
            "empirical": GENERATE_EMPIRICAL.path(study=name),
            "pool": POOL.path(study=finding.study),
            "yardstick": DESCRIBE.path(study=finding.study),
        },
        study=name,
    )
