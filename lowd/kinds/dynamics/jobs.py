"""Scores along training."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lowd.base import Settings
from lowd.graph import students
from lowd.graph.data import GENERATE_TEACHER, POOL, TEACHER, training_streams
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL, TRAIN
from lowd.kinds.dynamics.find_turns import FindTurnsStep, find_turns
from lowd.kinds.dynamics.follow import FollowStep, follow
from lowd.kinds.dynamics.settings import Dynamics
from lowd.kinds.dynamics.train_along import TrainAlongStep, train_along
from lowd.models.settings import ModelSettings
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher
from lowd.steps.train import TrainStep, student_name
from lowd.studies import Study
from lowd.training.optimizer_settings import optimizer_module


def _student_streams(step: TrainAlongStep) -> tuple[str, ...]:
    return training_streams(f"{step.seed}/{student_name(step)}/N={{N}}/replicate={{replicate}}")


def _optimizers(step: TrainAlongStep) -> tuple[str, ...]:
    return () if step.optimizer is None else (optimizer_module(step.optimizer),)


TRAIN_ALONG = Rule(
    "train_along",
    Step(
        train_along,
        cost="cost.networks:train_bill",
        draws=_student_streams,
        imports=_optimizers,
        on_device=True,
    ),
    TRAIN.outputs,
    place="{study}/train-{model}",
    scratch=TRAIN.scratch,
)
FOLLOWING = Step(
    follow,
    cost="kinds.dynamics.costs:follow_bill",
    draws=lambda step: (f"{step.seed}/denoising/replicate={{replicate}}",),
    on_device=True,
)
FOLLOW = Rule("follow", FOLLOWING, ("results/{study}.zarr",))
FOLLOW_FIRST = Rule(
    "follow_first", FOLLOWING, ("data/{study}/followed.zarr",), place="{study}/follow"
)
FIND_TURNS = Rule(
    "find_turns",
    Step(find_turns, cost="kinds.dynamics.costs:find_turns_bill"),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Dynamics, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Students with snapshots, what each generates, the scores of all, and what these say."""
    study = follow_up.base(every)
    yield from _train(name, follow_up)
    samplings = {model: (model, study.sampler) for model in follow_up.models}
    yield from students.generate(name, follow_up.study, samplings, follow_up.models)
    yield students.generate_empirical(
        name, follow_up.study, study.sampler, follow_up.samples, follow_up.replicates
    )
    rule = FOLLOW_FIRST if follow_up.has_turns else FOLLOW
    yield rule.job(
        FollowStep(
            seed=follow_up.seed,
            models=follow_up.models,
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            training=follow_up.training,
        ),
        {
            "students": [TRAIN.path(study=name, model=model) for model in follow_up.models],
            "generated": [GENERATE.path(study=name, model=model) for model in follow_up.models],
            "teacher": GENERATE_TEACHER.path(study=follow_up.study),
            "empirical": GENERATE_EMPIRICAL.path(study=name),
            "pool": POOL.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
        },
        study=name,
    )
    if follow_up.has_turns:
        yield _turns(name, follow_up, study)


def _train(name: str, follow_up: Dynamics) -> Iterator[Job]:
    def settings(network: ModelSettings) -> dict[str, object]:
        return {
            "seed": follow_up.seed,
            "model": network,
            "samples": follow_up.samples,
            "replicates": follow_up.replicates,
            "training": follow_up.training,
            "snapshots": follow_up.kept,
        }

    if follow_up.is_plain:
        stacks = {
            model: TrainStep.model_validate(settings(network))
            for model, network in follow_up.models.items()
        }
        yield from students.train(name, follow_up.study, stacks)
        return
    for model, network in follow_up.models.items():
        own = settings(network) | {"optimizer": follow_up.optimizers.get(model)}
        yield TRAIN_ALONG.job(
            TrainAlongStep.model_validate(own),
            {"pool": POOL.path(study=follow_up.study)},
            study=name,
            model=model,
        )


def _turns(name: str, follow_up: Dynamics, study: Study) -> Job:
    teacher = study.teacher
    is_subspace = isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher) and teacher.clusters == 1
    mixture: dict[str, Path] = {}
    if follow_up.descent and is_subspace:
        mixture = {"mixture": TEACHER.path(study=follow_up.study)}
    return FIND_TURNS.job(
        FindTurnsStep(
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            times=follow_up.times,
            descent=follow_up.descent,
        ),
        {
            "followed": FOLLOW_FIRST.path(study=name),
            "generated": [GENERATE.path(study=name, model=model) for model in follow_up.models],
            "truth": GENERATE_TEACHER.path(study=follow_up.study),
            "pool": POOL.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
            **mixture,
        },
        study=name,
    )
