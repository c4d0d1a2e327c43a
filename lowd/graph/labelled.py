"""Points with their classes: real images, or draws of a study's mixture."""

from pathlib import Path

from lowd.graph.data import TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.own import image_files
from lowd.graph.step import Step
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher, TrainedTeacher
from lowd.steps.label_points import LabelPointsStep, label_points
from lowd.studies import Study

LABELLED = ("digits", "folder")
"""Sources whose images come with classes."""


def _drawn_points(step: LabelPointsStep) -> tuple[str, ...]:
    split = f"{step.seed}/held out"
    return (split,) if step.images is not None else (split, f"{step.seed}/points")


LABEL_POINTS = Rule(
    "label_points",
    Step(
        label_points,
        cost="cost.labelled:label_points_bill",
        draws=_drawn_points,
        reads=lambda step: {} if step.images is None else image_files(step.images),
    ),
    ("data/{study}/labelled.zarr",),
)


def check_classes(name: str, study: Study) -> None:
    """Raise ValueError, with the key, unless a study's data have classes that can be read."""
    match study.teacher:
        case MoLRGTeacher(clusters=clusters) | MoLRGImagesTeacher(clusters=clusters):
            if clusters < 2:
                raise ValueError(
                    f"study: the teacher of {name} has one cluster, and classes are needed; give "
                    "a study whose teacher has two or more"
                )
        case TrainedTeacher() if study.teacher.images.source in LABELLED:
            pass
        case _:
            raise ValueError(
                f"study: {name} has no classes; give one on a mixture, on digits, or on a folder "
                "of images with a subfolder a class"
            )


def label_job(name: str, on: str, study: Study, *, seed: int, points: int, held_out: float) -> Job:
    """Points of the study `on` with classes, for the study `name`.

    Args:
        name: the study that they belong to.
        on: the study whose data they are.
        study: its settings.
        seed: of split and draws.
        points: how many to draw of a mixture; of images there are as many as there are.
        held_out: share that nothing learns from.
    """
    shape, inputs = study.teacher.shape, dict[str, Path]()
    if isinstance(study.teacher, TrainedTeacher):
        images = study.teacher.images
        step = LabelPointsStep(seed=seed, shape=shape, held_out=held_out, images=images)
    else:
        step = LabelPointsStep(seed=seed, shape=shape, held_out=held_out, size=points)
        inputs["teacher"] = TEACHER.path(study=on)
    return LABEL_POINTS.job(step, inputs, study=name)
