"""Steps of a transition study or of a theory study, and what every study has."""

from collections.abc import Iterable
from pathlib import Path

from lowd.findings import AnyFinding
from lowd.sources.image_settings import Cifar10Source, FashionMnistSource
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher, TrainedTeacher
from lowd.steps.collect import CollectStep
from lowd.steps.controls import ControlsStep
from lowd.steps.describe import DescribeStep
from lowd.steps.equate import EquateStep
from lowd.steps.expect import ExpectStep
from lowd.steps.figure import FigureStep
from lowd.steps.images import ImagesStep
from lowd.steps.manifest import ManifestStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.recover import RecoverStep
from lowd.steps.score import ScoreStep
from lowd.steps.sheet import SheetStep
from lowd.steps.tabulate import TabulateStep
from lowd.steps.teacher import TeacherStep
from lowd.studies import Study, TheoryStudy

FIGURES = {
    "transition": ("regimes", "errors", "transition", "plane"),
    "theory": ("recovery", "threshold", "equivalence"),
    "dynamics": ("dynamics",),
    "bias-variance": ("decomposition",),
    "families": ("agreement", "closeness", "lineup"),
}
"""What is drawn from the results of each kind of study."""


def images_step(study: Study) -> ImagesStep:
    """Settings of the images that a teacher learns from; raises ValueError if it learns none."""
    if not isinstance(study.teacher, TrainedTeacher):
        raise ValueError(f"teacher: one of kind {study.teacher.kind} learns from no images")
    return ImagesStep(images=study.teacher.images)


def teacher_step(study: Study) -> TeacherStep:
    """Settings of the teacher, to which it is one where published images lie."""
    teacher = study.teacher
    if isinstance(teacher, TrainedTeacher) and isinstance(
        teacher.images, Cifar10Source | FashionMnistSource
    ):
        images = teacher.images.model_copy(update={"path": None})
        teacher = teacher.model_copy(update={"images": images})
    return TeacherStep(seed=study.seed, teacher=teacher)


def pool_step(study: Study) -> PoolStep:
    """Settings of the pool; an exact teacher's does not depend on the sampler."""
    is_exact = isinstance(study.teacher, MoLRGTeacher | MoLRGImagesTeacher)
    return PoolStep(
        seed=study.seed,
        size=study.pool.size,
        shape=study.teacher.shape,
        sampler=None if is_exact else study.sampler,
    )


def noise_step(study: Study) -> NoiseStep:
    """Settings of the evaluation noises."""
    return NoiseStep(seed=study.seed, size=study.noise.size, shape=study.teacher.shape)


def describe_step(study: Study) -> DescribeStep:
    """Settings of descriptor and threshold."""
    return DescribeStep(
        # What a network makes is compared as it is.
        descriptor=study.descriptor if isinstance(study.descriptor, str) else "identity",
        threshold=study.threshold,
        largest=study.samples[-1],
    )


def earlier_models(study: Study, model: str) -> list[str]:
    """The models before `model` in params.yaml: every pair of models is scored once."""
    names = list(study.models)
    return names[: names.index(model)]


def score_step(study: Study, model: str) -> ScoreStep:
    """Settings of one model's scores."""
    return ScoreStep(
        name=model,
        samples=study.samples,
        replicates=study.replicates,
        others=tuple(earlier_models(study, model)),
    )


def controls_step(study: Study) -> ControlsStep:
    """Settings of the controls."""
    return ControlsStep(samples=study.samples, replicates=study.replicates)


def collect_step(study: Study) -> CollectStep:
    """Settings of the results."""
    return CollectStep(models=study.models, shape=study.teacher.shape)


def sheet_step(study: Study) -> SheetStep:
    """Settings of the sample sheet, which shows the last model."""
    return SheetStep(name=list(study.models)[-1], replicates=study.replicates)


def expect_step(study: TheoryStudy) -> ExpectStep:
    """Settings of what theory expects."""
    ranks = {rank for one in study.maps for rank in one.ranks}
    return ExpectStep(
        dimension=study.dimension,
        samples=study.samples,
        ranks=tuple(sorted(ranks)),
        tolerance=study.tolerance,
    )


def recoveries(study: TheoryStudy) -> list[tuple[int, int]]:
    """(clusters, rank) of every job of recovery."""
    return [(one.clusters, rank) for one in study.maps for rank in one.ranks]


def recover_step(study: TheoryStudy, clusters: int, rank: int) -> RecoverStep:
    """Settings of the recovery of subspaces of one rank."""
    (one,) = (one for one in study.maps if one.clusters == clusters)
    return RecoverStep(
        seed=study.seed,
        dimension=study.dimension,
        clusters=clusters,
        rank=rank,
        samples=study.samples,
        trials=one.trials,
        training=one.training,
    )


def equate_step(study: TheoryStudy) -> EquateStep:
    """Settings of the equivalence."""
    return EquateStep(
        seed=study.seed,
        dimension=study.dimension,
        clusters=tuple(one.clusters for one in study.maps),
        equivalence=study.equivalence,
    )


def tabulate_step(study: TheoryStudy) -> TabulateStep:
    """Settings of a theory study's results."""
    return TabulateStep(cells=tuple(recoveries(study)))


def manifest_step(study: str, declared: Iterable[str]) -> ManifestStep:
    """Settings of the manifest of the study called `study`."""
    return ManifestStep(
        folders=tuple(Path(room, study) for room in ("data", "figures", "provenance")),
        declared=tuple(sorted(Path(path) for path in declared)),
    )


def figure_step(name: str) -> FigureStep:
    """Settings of a figure of one study."""
    return FigureStep(name=name)


def figures(study: Study | TheoryStudy | AnyFinding) -> list[str]:
    """Names of a study's figures but the sample sheet, which only images have."""
    return list(FIGURES[study.kind])
