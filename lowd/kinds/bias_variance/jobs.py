"""Squared bias and variance of students, over training sets and over seeds."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE
from lowd.kinds.bias_variance.decompose import DecomposeStep, decompose
from lowd.kinds.bias_variance.settings import BiasVariance
from lowd.steps.train import TrainStep

DECOMPOSE = Rule(
    "decompose", Step(decompose, cost="cost.bills:scores_bill"), ("results/{study}.zarr",)
)


def jobs(name: str, follow_up: BiasVariance, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Of each model a stack of training sets and one of seeds; bias and variance of both."""
    study = follow_up.base(every)
    stacks = {
        f"{model}.{varied}": TrainStep(
            seed=follow_up.seed,
            model=network,
            samples=follow_up.samples
            if model == follow_up.reference.model
            else (follow_up.reference.samples,),
            replicates=replicates,
            training=follow_up.training,
            seeds=seeds,
        )
        for model, network in follow_up.models.items()
        for varied, replicates, seeds in (
            ("data", follow_up.replicates, 1),
            ("seed", 1, follow_up.replicates),
        )
    }
    yield from students.train(name, follow_up.study, stacks)
    samplings = {stack: (stack, study.sampler) for stack in stacks}
    networks = {stack: settings.model for stack, settings in stacks.items()}
    yield from students.generate(name, follow_up.study, samplings, networks)
    generated = {
        varied: [GENERATE.path(study=name, model=f"{model}.{varied}") for model in follow_up.models]
        for varied in ("data", "seed")
    }
    yield DECOMPOSE.job(
        DecomposeStep(
            models=follow_up.models,
            samples=follow_up.samples,
            at_model=follow_up.reference.model,
            at_samples=follow_up.reference.samples,
        ),
        {
            **generated,
            "teacher": GENERATE_TEACHER.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
        },
        study=name,
    )
