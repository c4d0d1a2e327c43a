"""`lowd step teacher`: draw, train or look up the teacher."""

from pathlib import Path

from lowd.base import Settings
from lowd.sources.settings import TeacherSettings, TrainedTeacher


class TeacherStep(Settings):
    """Settings of the teacher step."""

    seed: int
    teacher: TeacherSettings


def teacher(
    settings: TeacherStep,
    *,
    output: Path,
    images: Path | None = None,
    scratch: Path | None = None,
) -> None:
    """Leave the teacher in the folder `output`, with the images it learned from.

    weights.safetensors says by its metadata what kind of teacher it is; images.zarr holds the
    images of a trained one, split into those it learned from and those held out. A trained one
    needs `images`, which `lowd images` left; no other takes any.
    """
    from lowd.steps.teachers.teacher import teacher_module
    from lowd.store.atomic import staged

    kind = settings.teacher.kind
    given: dict[str, Path] = {}
    if isinstance(settings.teacher, TrainedTeacher):
        if images is None:
            raise ValueError("images: a trained teacher needs them; give what `lowd images` made")
        given = {"images": images}
    elif images is not None:
        raise ValueError(f"images: a teacher of kind {kind} learns from none; remove the option")
    with staged(output) as draft:
        draft.mkdir()
        teacher_module(kind).make(settings.teacher, settings.seed, draft, scratch, **given)
