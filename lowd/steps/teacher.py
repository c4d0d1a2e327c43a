"""`lowd teacher`: draw, train or look up the teacher."""

from pathlib import Path

from lowd.base import Settings
from lowd.sources.settings import TeacherSettings


class TeacherStep(Settings):
    """Settings of the teacher step."""

    seed: int
    teacher: TeacherSettings


def teacher(settings: TeacherStep, *, output: Path, scratch: Path | None = None) -> None:
    """Leave the teacher in the folder `output`, with the images it learned from.

    weights.safetensors says by its metadata what kind of teacher it is; images.zarr holds the
    images of a trained one, split into those it learned from and those held out.
    """
    from lowd.steps.teachers.teacher import teacher_module
    from lowd.store.atomic import staged

    with staged(output) as draft:
        draft.mkdir()
        teacher_module(settings.teacher.kind).make(settings.teacher, settings.seed, draft, scratch)
