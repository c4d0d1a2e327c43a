"""Steps of figures across studies."""

from collections.abc import Mapping

from lowd.settings import RELATIONS, Comparison
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher, TrainedTeacher
from lowd.steps.contrast import ContrastStep
from lowd.steps.figure import FigureStep
from lowd.steps.linearise import LineariseStep
from lowd.steps.pair import PairStep
from lowd.steps.relate import Member, RelateStep
from lowd.studies import Study


def plain(across: Mapping[str, Comparison]) -> list[str]:
    """The names of figures across studies that plot the studies' results as they are."""
    return [name for name, one in across.items() if one.figure not in RELATIONS]


def comparison_step(comparison: Comparison) -> FigureStep:
    """Settings of a figure across studies."""
    return FigureStep(name=comparison.figure, studies=comparison.studies)


def relate_step(comparison: Comparison, studies: Mapping[str, Study]) -> RelateStep:
    """Settings of the relation of transitions to the dimension of the data."""
    return RelateStep(members=_members(comparison, studies))


def linearise_step(comparison: Comparison, studies: Mapping[str, Study]) -> LineariseStep:
    """Settings of the Jacobians' ranks."""
    models = tuple(tuple(studies[name].models) for name in comparison.studies)
    return LineariseStep(members=_members(comparison, studies), models=models)


def contrast_step(comparison: Comparison, studies: Mapping[str, Study]) -> ContrastStep:
    """Settings of the denoisers side by side; params.yaml has a mixture for them."""
    (study,) = (studies[name] for name in comparison.studies)
    assert comparison.mixture is not None
    return ContrastStep(seed=study.seed, sampler=study.sampler, mixture=comparison.mixture)


def pair_step(comparison: Comparison, studies: Mapping[str, Study]) -> PairStep:
    """Settings of students of disjoint sets beside each other, of the last model."""
    study = studies[comparison.studies[0]]
    return PairStep(name=list(study.models)[-1], samples=study.samples, replicates=study.replicates)


def _members(comparison: Comparison, studies: Mapping[str, Study]) -> tuple[Member, ...]:
    members = []
    for name in comparison.studies:
        teacher = studies[name].teacher
        if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
            members.append(Member(name=name, clusters=teacher.clusters, rank=teacher.rank))
        else:
            members.append(Member(name=name))
    return tuple(members)


def points(study: str, settings: Study) -> str:
    """Where a study has points that no student has seen: real images, or else the pool."""
    trained = isinstance(settings.teacher, TrainedTeacher)
    return f"data/{study}/teacher" if trained else f"data/{study}/pool.zarr"
