"""Figures across studies, and the results that some are drawn from."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lowd.graph.data import NOISE, POOL, TEACHER
from lowd.graph.descriptors import DESCRIBE, unseen
from lowd.graph.figures import DRAWING, drawn
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, TRAIN
from lowd.graph.transition import COLLECT
from lowd.settings import RELATIONS, Comparison
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher
from lowd.steps.contrast import ContrastStep, contrast
from lowd.steps.figure import FigureStep
from lowd.steps.linearise import LineariseStep, linearise
from lowd.steps.pair import PairStep, pair
from lowd.steps.relate import Member, RelateStep, relate
from lowd.studies import Study

RESULTS = ("results/across/{relation}.zarr",)
RELATE = Rule(
    "relate",
    Step(relate, cost="dimension.relate_bill", draws=lambda step: ("exponent/{model}/{rule}",)),
    RESULTS,
    place="across/relate-{relation}",
)
LINEARISE = Rule(
    "linearise",
    Step(
        linearise,
        cost="jacobians.linearise_bill",
        draws=lambda step: ("jacobians/{study}", "range/{point}"),
        loads_teacher=True,
    ),
    RESULTS,
    place="across/linearise-{relation}",
)
CONTRAST = Rule(
    "contrast",
    Step(
        contrast,
        cost="denoisers.contrast_bill",
        draws=lambda step: (f"{step.seed}/mixture", f"{step.seed}/held-out noise"),
        loads_teacher=True,
    ),
    RESULTS,
    place="across/contrast-{relation}",
)
PAIR = Rule("pair", Step(pair, cost="bills.scores_bill"), RESULTS, place="across/pair-{relation}")
RELATION = Rule(
    "relation",
    DRAWING,
    drawn("figures/across/{relation}-{shown}"),
    place="across/figure-{relation}-{shown}",
)
COMPARISON = Rule(
    "comparison",
    DRAWING,
    drawn("figures/across/{comparison}"),
    place="across/figure-{comparison}",
)

FIGURES: dict[str, tuple[str, ...]] = {
    "transitions": ("exponent",),
    "estimates": ("dimension",),
    "jacobians": ("rank",),
    "denoisers": ("apart", "pfd", "rp"),
    "histograms": ("between_mean", "nearest_mean"),
    "pairs": (),  # samples
    # Drawn from studies' own results, whose figures have the same scores.
    "controls": (),
    "slopes": (),
}


def jobs(name: str, comparison: Comparison, studies: Mapping[str, Study]) -> Iterator[Job]:
    """A figure of several studies' results, or results of all and the figures of these."""
    if comparison.figure not in RELATIONS:
        yield COMPARISON.job(
            FigureStep(name=comparison.figure, studies=comparison.studies),
            {"results": [COLLECT.path(study=study) for study in comparison.studies]},
            comparison=name,
        )
        return
    relation = _RELATED[comparison.figure](name, comparison, studies)
    yield relation
    for shown in RELATIONS[comparison.figure]:
        yield RELATION.job(
            FigureStep(name=shown), {"results": relation.outputs}, relation=name, shown=shown
        )


def _relate(name: str, comparison: Comparison, studies: Mapping[str, Study]) -> Job:
    """Transitions beside the dimension of the data."""
    return RELATE.job(
        RelateStep(members=_members(comparison, studies)),
        {
            "results": [COLLECT.path(study=study) for study in comparison.studies],
            "points": [unseen(study, studies[study]) for study in comparison.studies],
        },
        relation=name,
    )


def _linearise(name: str, comparison: Comparison, studies: Mapping[str, Study]) -> Job:
    """Ranks of the denoisers' Jacobians."""
    models = tuple(tuple(studies[study].models) for study in comparison.studies)
    return LINEARISE.job(
        LineariseStep(members=_members(comparison, studies), models=models),
        {
            "teacher": _each(TEACHER, comparison),
            "points": _each(POOL, comparison),
            "students": [
                TRAIN.path(study=study, model=model)
                for study, own in zip(comparison.studies, models, strict=True)
                for model in own
            ],
        },
        teachers=[studies[study].teacher for study in comparison.studies],
        relation=name,
    )


def _contrast(name: str, comparison: Comparison, studies: Mapping[str, Study]) -> Job:
    """Denoisers side by side; params.yaml has a mixture for them, and one study."""
    (study,) = (studies[study] for study in comparison.studies)
    assert comparison.mixture is not None
    return CONTRAST.job(
        ContrastStep(seed=study.seed, sampler=study.sampler, mixture=comparison.mixture),
        {
            "teacher": _each(TEACHER, comparison),
            "noise": _each(NOISE, comparison),
            "yardstick": _each(DESCRIBE, comparison),
        },
        teachers=[study.teacher],
        relation=name,
    )


def _pair(name: str, comparison: Comparison, studies: Mapping[str, Study]) -> Job:
    """Students of disjoint sets beside each other, of the last model of one study."""
    (study,) = (studies[study] for study in comparison.studies)
    model = list(study.models)[-1]
    return PAIR.job(
        PairStep(name=model, samples=study.samples, replicates=study.replicates),
        {
            "generated": [GENERATE.path(study=one, model=model) for one in comparison.studies],
            "pool": _each(POOL, comparison),
            "yardstick": _each(DESCRIBE, comparison),
        },
        relation=name,
    )


_RELATED = {
    "dimension": _relate,
    "jacobians": _linearise,
    "denoisers": _contrast,
    "disjoint": _pair,
}


def _each(rule: Rule, comparison: Comparison) -> list[Path]:
    """Of every study compared what the rule makes."""
    return [rule.path(study=study) for study in comparison.studies]


def _members(comparison: Comparison, studies: Mapping[str, Study]) -> tuple[Member, ...]:
    members = []
    for name in comparison.studies:
        teacher = studies[name].teacher
        if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
            members.append(Member(name=name, clusters=teacher.clusters, rank=teacher.rank))
        else:
            members.append(Member(name=name))
    return tuple(members)
