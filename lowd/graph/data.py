"""A study's teacher, and what it draws: the pool that students learn from, and the noises."""

from collections.abc import Iterator

from lowd.diffusion.settings import SamplerSettings
from lowd.graph.job import Job, Rule
from lowd.graph.own import image_files, teacher_files
from lowd.graph.step import Step
from lowd.grid import Grid
from lowd.sources.image_settings import Cifar10Source, FashionMnistSource
from lowd.sources.settings import (
    ExactTeacher,
    GaussianTeacher,
    MoLRGImagesTeacher,
    MoLRGTeacher,
    TeacherSettings,
    TrainedTeacher,
)
from lowd.steps.generate import GenerateStep, generate
from lowd.steps.images import ImagesStep, images
from lowd.steps.noise import NoiseStep, noise
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher


def training_streams(cell: str) -> tuple[str, ...]:
    """The streams of a network's training."""
    return f"{cell}/initialisation", f"{cell}/training/{{block}}"


def _teacher_streams(step: TeacherStep) -> tuple[str, ...]:
    match step.teacher:
        case MoLRGTeacher() | MoLRGImagesTeacher() | GaussianTeacher(axes="random"):
            return (f"{step.seed}/teacher",)
        case TrainedTeacher():
            return (f"{step.seed}/held out", *training_streams(f"{step.seed}/teacher"))
    return ()


GENERATING = Step(generate, cost="cost.networks:generate_bill", loads_teacher=True, on_device=True)

IMAGES = Rule(
    "images",
    Step(
        images,
        cost="cost.images:images_bill",
        imports=lambda step: (f"lowd.sources.{step.images.source}",),
        reads=lambda step: image_files(step.images),
    ),
    ("data/{study}/images.zarr",),
)
TEACHER = Rule(
    "teacher",
    Step(
        teacher,
        cost="cost.networks:teacher_bill",
        draws=_teacher_streams,
        imports=lambda step: (f"lowd.steps.teachers.{step.teacher.kind}",),
        reads=lambda step: teacher_files(step.teacher),
        on_device=True,
    ),
    ("data/{study}/teacher",),
    scratch=".lowd/{study}/teacher-{code}.safetensors",
)
POOL = Rule(
    "pool",
    Step(
        pool,
        cost="cost.networks:pool_bill",
        draws=lambda step: tuple(
            f"{step.seed}/pool/{part}/{{block}}" for part in ("replicate={replicate}", "reference")
        ),
        loads_teacher=True,
        on_device=True,
    ),
    ("data/{study}/pool.zarr",),
)
NOISE = Rule(
    "noise",
    Step(
        noise,
        cost="cost.bills:noise_bill",
        draws=lambda step: (f"{step.seed}/evaluation noise",),
    ),
    ("data/{study}/noise.zarr",),
)
GENERATE_TEACHER = Rule("generate_teacher", GENERATING, ("data/{study}/generated/teacher.zarr",))


def jobs(name: str, study: Grid) -> Iterator[Job]:
    """From images, if the teacher learns from some, to what it generates from the noises."""
    made = TEACHER.path(study=name)
    learned_from = {}
    if isinstance(study.teacher, TrainedTeacher):
        learned_from["images"] = IMAGES.path(study=name)
        yield IMAGES.job(ImagesStep(images=study.teacher.images), {}, study=name)
    yield TEACHER.job(
        TeacherStep(seed=study.seed, teacher=_without_place(study.teacher)),
        learned_from,
        study=name,
    )
    yield POOL.job(
        PoolStep(
            seed=study.seed,
            size=study.pool.size,
            reference=study.pool.reference,
            replicates=study.replicates,
            shape=study.teacher.shape,
            sampler=pool_sampler(study),
        ),
        {"teacher": made},
        teachers=[study.teacher],
        study=name,
    )
    yield NOISE.job(
        NoiseStep(seed=study.seed, size=study.noise.size, shape=study.teacher.shape),
        {},
        study=name,
    )
    yield GENERATE_TEACHER.job(
        GenerateStep(sampler=study.sampler),
        {"teacher": made, "noise": NOISE.path(study=name)},
        teachers=[study.teacher],
        study=name,
    )


def pool_sampler(study: Grid) -> SamplerSettings | None:
    """How the teacher draws; an exact one needs no sampler."""
    is_exact = isinstance(study.teacher, ExactTeacher)
    return None if is_exact else study.pool.sampler or SamplerSettings()


def _without_place(teacher: TeacherSettings) -> TeacherSettings:
    """The teacher, to which it is one where published images lie."""
    if not isinstance(teacher, TrainedTeacher):
        return teacher
    if not isinstance(teacher.images, Cifar10Source | FashionMnistSource):
        return teacher
    images = teacher.images.model_copy(update={"path": None})
    return teacher.model_copy(update={"images": images})
