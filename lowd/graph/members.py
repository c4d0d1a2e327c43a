"""Studies as figures tell them apart: by the subspaces that their data lie on."""

from collections.abc import Mapping

from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher
from lowd.steps.members import Member
from lowd.studies import Study


def members(studies: Mapping[str, Study]) -> tuple[Member, ...]:
    """Name, clusters and rank of every study; name alone where its teacher has no subspaces."""
    found = []
    for name, study in studies.items():
        teacher = study.teacher
        if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
            found.append(Member(name=name, clusters=teacher.clusters, rank=teacher.rank))
        else:
            found.append(Member(name=name))
    return tuple(found)
