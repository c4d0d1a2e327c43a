"""The transition from memorising to generalising, over models, N and replicates."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph import data, descriptors, students
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.figures import drawn
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL
from lowd.kinds.transition.asked import module_of
from lowd.kinds.transition.collect import CollectStep, collect
from lowd.kinds.transition.controls import ControlsStep, controls
from lowd.kinds.transition.score import ScoreStep, score
from lowd.kinds.transition.settings import Transition
from lowd.kinds.transition.sheet import SheetStep, sheet
from lowd.steps.train import TrainStep
from lowd.studies import GridCompute
from lowd.training.compute import ComputeSettings

SCORE = Rule(
    "score",
    Step(
        score,
        cost="kinds.transition.costs:score_bill",
        imports=lambda step: tuple(map(module_of, step.metrics)),
    ),
    ("data/{study}/scores/{model}.zarr",),
    place="{study}/score-{model}",
)
CONTROLS = Rule(
    "controls",
    Step(controls, cost="kinds.transition.costs:controls_bill"),
    ("data/{study}/scores/controls.zarr",),
)
COLLECT = Rule(
    "collect",
    Step(collect, cost="cost.bills:scores_bill", draws=lambda step: ("slope/{rule}",)),
    ("results/{study}.zarr",),
)
SHEET = Rule("sheet", Step(sheet, cost="cost.bills:sheet_bill"), drawn("figures/{study}/samples"))


def jobs(name: str, study: Transition, every: Mapping[str, Settings]) -> Iterator[Job]:
    """From the teacher to results, and the sample sheet if there are images to show."""
    yield from data.jobs(name, study)
    whole = trainings(study)
    split = {model: parts(study, model) for model in study.models}
    for model in study.models:
        if split[model]:
            yield from students.train_in_parts(name, model, split[model])
        else:
            yield from students.train(name, name, {model: whole[model]})
    samplings = {model: (model, study.sampler) for model in study.models}
    yield from students.generate(name, name, samplings, study.models)
    yield students.generate_empirical(name, name, study.sampler, study.samples, study.replicates)
    yield from descriptors.jobs(name, study, descriptors.features(name, study, study.models))
    yield from _scores(name, study)
    if study.is_of_images:
        yield _sheet(name, study)


def trainings(study: Transition) -> dict[str, TrainStep]:
    """Settings of every model's stack, were it trained by one job."""
    return {
        name: TrainStep(
            seed=study.seed,
            model=model,
            samples=study.samples,
            replicates=study.replicates,
            training=study.training,
            compute=_compute(study.compute, name),
        )
        for name, model in study.models.items()
    }


def parts(study: Transition, model: str) -> list[TrainStep]:
    """Settings of the jobs that share a model's students; none if one job trains them all.

    Each has as many N's, with all their replicates, as `compute.students_per_job` allows.
    """
    given, every = study.compute.students_per_job, len(study.samples) * study.replicates
    most = (given.get(model) if isinstance(given, dict) else given) or every
    if most >= every:
        return []
    whole = trainings(study)[model]
    size = most // study.replicates
    runs = [study.samples[first : first + size] for first in range(0, len(study.samples), size)]
    return [whole.model_copy(update={"samples": run}) for run in runs]


def _compute(compute: GridCompute, model: str) -> ComputeSettings | None:
    """What a job needs to know of it; nothing where it is as ever."""
    backend = compute.backend
    chosen = backend.get(model, "grouped") if isinstance(backend, dict) else backend
    settings = ComputeSettings(precision=compute.precision, backend=chosen)
    return None if settings == ComputeSettings() else settings


def _scores(name: str, study: Transition) -> Iterator[Job]:
    """Scores of every model and of the controls, and the results that they are collected in."""
    features = descriptors.features(name, study, study.models)
    teacher, empirical, noise, pool = (
        features.get(path := rule.path(study=name), path)
        for rule in (GENERATE_TEACHER, GENERATE_EMPIRICAL, NOISE, POOL)
    )
    generated = {
        model: features.get(path := GENERATE.path(study=name, model=model), path)
        for model in study.models
    }
    yardstick = DESCRIBE.path(study=name)
    earlier: list[str] = []
    for model in study.models:
        yield SCORE.job(
            # Every pair of models is scored once.
            ScoreStep(
                name=model,
                samples=study.samples,
                replicates=study.replicates,
                others=tuple(earlier),
                metrics=study.metrics,
            ),
            {
                "generated": generated[model],
                "teacher": teacher,
                "empirical": empirical,
                "pool": pool,
                "yardstick": yardstick,
                "other": [generated[other] for other in earlier],
            },
            study=name,
            model=model,
        )
        earlier.append(model)
    yield CONTROLS.job(
        ControlsStep(samples=study.samples, replicates=study.replicates),
        {
            "teacher": teacher,
            "empirical": empirical,
            "noise": noise,
            "pool": pool,
            "yardstick": yardstick,
        },
        study=name,
    )
    yield COLLECT.job(
        CollectStep(
            models=study.models,
            shape=study.teacher.shape,
            noises=study.noise.size,
            sampler=f"{study.sampler.solver}, {study.sampler.steps} steps",
            steps=study.training.steps,
        ),
        {
            "score": [SCORE.path(study=name, model=model) for model in study.models],
            "controls": CONTROLS.path(study=name),
            "yardstick": descriptors.yardstick(name, study),
        },
        study=name,
    )


def _sheet(name: str, study: Transition) -> Job:
    """Samples of the last model, beside the teacher's."""
    last = list(study.models)[-1]
    return SHEET.job(
        SheetStep(name=last, replicates=study.replicates),
        {
            "teacher": GENERATE_TEACHER.path(study=name),
            "generated": GENERATE.path(study=name, model=last),
            "pool": POOL.path(study=name),
        },
        study=name,
    )
