"""Squared bias and variance of students, over training sets and over seeds."""

from collections.abc import Iterator

from lowd.findings import BiasVariance
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE
from lowd.steps.decompose import DecomposeStep, decompose
from lowd.steps.train import TrainStep
from lowd.studies import Study

DECOMPOSE = Rule("decompose", Step(decompose, cost="bills.scores_bill"), ("results/{study}.zarr",))

FIGURES = {"decomposition": ("squared_error", "squared_bias", "variance", "slope")}


def jobs(name: str, finding: BiasVariance, study: Study) -> Iterator[Job]:
    """Of each model a stack of training sets and one of seeds; bias and variance of both."""
    stacks = {
        f"{model}.{varied}": TrainStep(
            seed=finding.seed,
            name=model,
            model=network,
            samples=finding.samples if model == finding.at.model else (finding.at.samples,),
            replicates=replicates,
            training=finding.training,
            seeds=seeds,
        )
        for model, network in finding.models.items()
        for varied, replicates, seeds in (
            ("data", finding.replicates, 1),
            ("seed", 1, finding.replicates),
        )
    }
    yield from students.train(name, finding.study, stacks)
    samplings = {stack: (stack, study.sampler) for stack in stacks}
    yield from students.generate(name, finding.study, samplings)
    generated = {
        varied: [GENERATE.path(study=name, model=f"{model}.{varied}") for model in finding.models]
        for varied in ("data", "seed")
    }
    yield DECOMPOSE.job(
        DecomposeStep(
            models=finding.models,
            samples=finding.samples,
            at_model=finding.at.model,
            at_samples=finding.at.samples,
        ),
        {
            **generated,
            "teacher": GENERATE_TEACHER.path(study=finding.study),
            "yardstick": DESCRIBE.path(study=finding.study),
        },
        study=name,
    )
