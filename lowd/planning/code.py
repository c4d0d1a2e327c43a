"""The code that each step runs, and files of the user's own that count as code."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lowd import jobs
from lowd.base import Settings
from lowd.provenance.code import code_digest
from lowd.provenance.digests import digest
from lowd.settings import Comparison
from lowd.sources.settings import TrainedTeacher
from lowd.studies import Study


def image_files(study: Study) -> list[Path]:
    """The user's own files that the teacher learns from."""
    teacher = study.teacher
    return jobs.image_files(teacher.images) if isinstance(teacher, TrainedTeacher) else []


def image_content(study: Study) -> str:
    """Digest of those files, in a folder of which no time stamp tells a change."""
    return _content(image_files(study))


def pretrained_files(study: Study) -> list[Path]:
    """The user's own folder of a pretrained pipeline."""
    return jobs.pretrained_files(study.teacher)


def network_files(study: Study) -> list[Path]:
    """The user's own network that the study's descriptor is."""
    return jobs.network_files(study.descriptor)


def code(step: Settings | type[Settings], *teachers: str) -> str:
    """Digest of what a step runs, short enough to read in a log; arguments as `jobs.modules`."""
    return code_digest(jobs.modules(step, *teachers))[:16]


def code_with_teacher(study: Study, step: type[Settings]) -> str:
    """Digest of a step that makes or loads the study's teacher."""
    return code(step, study.teacher.kind)


def code_across(comparison: Comparison, studies: Mapping[str, Study], step: type[Settings]) -> str:
    """Digest of a step that loads the teachers of all studies compared, their own modules too."""
    own = [studies[name] for name in comparison.studies]
    return code(step, *sorted({study.teacher.kind for study in own})) + "".join(
        custom_code(study) for study in own
    )


def custom_code(study: Study) -> str:
    """Digest of the user's own teacher, which the import graph does not see."""
    return _content([*jobs.custom_files(study.teacher), *jobs.pretrained_files(study.teacher)])


def descriptor_code(study: Study) -> str:
    """Digest of the user's own descriptor, be it a module or a file."""
    return _content(
        [*jobs.descriptor_files(study.descriptor), *jobs.network_files(study.descriptor)]
    )


def _content(files: Iterable[Path]) -> str:
    return "".join(digest(path).sha256[:16] for path in files)
