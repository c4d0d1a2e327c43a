"""A study's teacher, and what it draws: the pool that students learn from, and the noises."""

from collections.abc import Iterator

from lowd.diffusion.settings import SamplerSettings
from lowd.graph.job import Job, Rule
from lowd.sources.image_settings import Cifar10Source, FashionMnistSource
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher, TeacherSettings, TrainedTeacher
from lowd.steps.generate import GenerateStep
from lowd.steps.images import ImagesStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.studies import Study

IMAGES = Rule("images", ("data/{study}/images.zarr",))
TEACHER = Rule(
    "teacher", ("data/{study}/teacher",), scratch=".lowd/{study}/teacher-{code}.safetensors"
)
POOL = Rule("pool", ("data/{study}/pool.zarr",))
NOISE = Rule("noise", ("data/{study}/noise.zarr",))
GENERATE_TEACHER = Rule(
    "generate_teacher", ("data/{study}/generated/teacher.zarr",), step="generate"
)


def jobs(name: str, study: Study) -> Iterator[Job]:
    """From images, if the teacher learns from some, to what it generates from the noises."""
    teacher, noise = TEACHER.path(study=name), NOISE.path(study=name)
    images = {}
    if isinstance(study.teacher, TrainedTeacher):
        images["images"] = IMAGES.path(study=name)
        yield IMAGES.job(ImagesStep(images=study.teacher.images), {}, study=name)
    yield TEACHER.job(
        TeacherStep(seed=study.seed, teacher=_without_place(study.teacher)),
        images,
        teachers=[study.teacher],
        study=name,
    )
    yield POOL.job(
        PoolStep(
            seed=study.seed,
            size=study.pool.size,
            shape=study.teacher.shape,
            sampler=pool_sampler(study),
        ),
        {"teacher": teacher},
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
        {"teacher": teacher, "noise": noise},
        teachers=[study.teacher],
        study=name,
    )


def pool_sampler(study: Study) -> SamplerSettings | None:
    """How the teacher draws; an exact one needs no sampler."""
    is_exact = isinstance(study.teacher, MoLRGTeacher | MoLRGImagesTeacher)
    return None if is_exact else study.sampler


def _without_place(teacher: TeacherSettings) -> TeacherSettings:
    """The teacher, to which it is one where published images lie."""
    if not isinstance(teacher, TrainedTeacher):
        return teacher
    if not isinstance(teacher.images, Cifar10Source | FashionMnistSource):
        return teacher
    images = teacher.images.model_copy(update={"path": None})
    return teacher.model_copy(update={"images": images})
