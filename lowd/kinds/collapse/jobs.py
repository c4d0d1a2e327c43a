"""Generations of students, each the teacher of the next, and the scores of all."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lowd.base import Settings
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL, TEACHER, training_streams
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.figures import drawn
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE
from lowd.kinds.collapse.breed import BreedStep, breed, cell_name
from lowd.kinds.collapse.modes import FIRST, Mode
from lowd.kinds.collapse.score_generations import (
    ScoreGenerationsStep,
    score_generations,
    stores,
)
from lowd.kinds.collapse.settings import Collapse
from lowd.kinds.collapse.sheet_generations import SheetGenerationsStep, sheet_generations
from lowd.kinds.collapse.train_generation import TrainGenerationStep, train_generation
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher
from lowd.steps.generate import GenerateStep
from lowd.studies import Study


def _breeding_streams(step: BreedStep) -> tuple[str, ...]:
    if step.mode is None or step.mode.data == "control":
        return ()
    cell = f"{step.seed}/" + cell_name(step.generation, step.name, "{N}", "{replicate}")
    return f"{cell}/noises", f"{cell}/selection"


def _student_streams(step: TrainGenerationStep) -> tuple[str, ...]:
    cell = cell_name(step.generation, step.name, "{N}", "{replicate}")
    return training_streams(f"{step.seed}/{cell}")


def _scoring_streams(step: ScoreGenerationsStep) -> tuple[str, ...]:
    cell = f"{step.seed}/entropy/{{mode}}/N={{N}}/replicate={{replicate}}/{{generation}}"
    return cell, *([f"{step.seed}/gaussian students/{{N}}"] if step.gaussian else [])


BREED = Rule(
    "breed",
    Step(
        breed,
        cost="kinds.collapse.costs:breed_bill",
        draws=_breeding_streams,
        on_device=True,
    ),
    ("data/{study}/sets/{model}.zarr",),
    place="{study}/breed-{model}",
)
TRAIN_GENERATION = Rule(
    "train_generation",
    Step(
        train_generation,
        cost="cost.networks:train_bill",
        draws=_student_streams,
        on_device=True,
    ),
    ("data/{study}/generations/{model}/weights.safetensors",),
    place="{study}/train-{model}",
    scratch=".lowd/{study}/{model}-{code}.safetensors",
)
SCORE_GENERATIONS = Rule(
    "score_generations",
    Step(
        score_generations,
        cost="kinds.collapse.costs:score_bill",
        draws=_scoring_streams,
    ),
    ("results/{study}.zarr",),
)
SHEET_GENERATIONS = Rule(
    "sheet_generations",
    Step(sheet_generations, cost="cost.bills:sheet_bill"),
    drawn("figures/{study}/samples"),
)


def jobs(name: str, follow_up: Collapse, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Of every mode one generation after the other, what each generates, and their scores."""
    study = follow_up.base(every)
    yield GENERATE_TEACHER.job(
        GenerateStep(sampler=follow_up.sampler),
        {
            "teacher": TEACHER.path(study=follow_up.study),
            "noise": NOISE.path(study=follow_up.study),
        },
        teachers=[study.teacher],
        study=name,
    )
    yield from _generation(name, follow_up, FIRST, None, 0)
    for word, mode in follow_up.modes.items():
        for number in range(1, follow_up.generations):
            yield from _generation(name, follow_up, word, mode, number)
    scoring = ScoreGenerationsStep(
        seed=follow_up.seed,
        modes=tuple(follow_up.modes),
        generations=follow_up.generations,
        samples=follow_up.samples,
        replicates=follow_up.replicates,
        sampler=follow_up.sampler,
        gaussian=_gaussian_rank(study),
    )
    models = [stored(word, number) for word, number in stores(scoring)]
    read: dict[str, Path | list[Path]] = {
        "generated": [GENERATE.path(study=name, model=model) for model in models],
        "teacher": GENERATE_TEACHER.path(study=name),
    }
    yield SCORE_GENERATIONS.job(
        scoring,
        {
            **read,
            "sets": [BREED.path(study=name, model=model) for model in models],
            "pool": POOL.path(study=follow_up.study),
            "noise": NOISE.path(study=follow_up.study),
            "yardstick": DESCRIBE.path(study=follow_up.study),
        },
        study=name,
    )
    if study.is_of_images:
        sheet = SheetGenerationsStep(
            modes=scoring.modes, generations=scoring.generations, samples=scoring.samples[0]
        )
        yield SHEET_GENERATIONS.job(sheet, read, study=name)


def stored(mode: str, generation: int) -> str:
    """What the files of a generation are called."""
    return f"{mode}.{generation}"


def _generation(
    name: str, follow_up: Collapse, word: str, mode: Mode | None, number: int
) -> Iterator[Job]:
    """Training sets, students, and what these make of the study's noises."""
    model = stored(word, number)
    yield BREED.job(
        BreedStep(
            seed=follow_up.seed,
            name=word,
            mode=mode,
            generation=number,
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            sampler=follow_up.sampler,
        ),
        {"pool": POOL.path(study=follow_up.study), **_ancestors(name, word, mode, number)},
        networks=[] if number == 0 else [follow_up.model],
        study=name,
        model=model,
    )
    yield TRAIN_GENERATION.job(
        TrainGenerationStep(
            seed=follow_up.seed,
            name=word,
            model=follow_up.model,
            samples=follow_up.samples,
            replicates=follow_up.replicates,
            training=follow_up.training,
            generation=number,
        ),
        {"sets": BREED.path(study=name, model=model)},
        study=name,
        model=model,
    )
    yield GENERATE.job(
        GenerateStep(sampler=follow_up.sampler),
        {
            "students": TRAIN_GENERATION.path(study=name, model=model),
            "noise": NOISE.path(study=follow_up.study),
        },
        networks=[follow_up.model],
        study=name,
        model=model,
    )


def _ancestors(name: str, word: str, mode: Mode | None, number: int) -> dict[str, Path]:
    """What the training sets of a generation are made from, besides the teacher's samples."""
    if mode is None or mode.data == "control":
        return {}
    before = stored(word if number > 1 else FIRST, number - 1)
    found = {"students": TRAIN_GENERATION.path(study=name, model=before)}
    if mode.data in ("accumulate", "subsample"):
        found["sets"] = BREED.path(study=name, model=before)
    if mode.select == "filter":
        found["first"] = BREED.path(study=name, model=stored(FIRST, 0))
    return found


def _gaussian_rank(study: Study) -> int | None:
    """The rank of a teacher that is one Gaussian, if samples are compared as they are."""
    teacher = study.teacher
    if not isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher) or teacher.clusters > 1:
        return None
    return teacher.rank if study.descriptor == "identity" else None
