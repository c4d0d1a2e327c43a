"""Figures across studies, and the results of their own that some are drawn from."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lowd.comparisons import Across, Comparison
from lowd.graph.figures import DRAWING, drawn
from lowd.graph.job import Job, Rule
from lowd.steps.figure import FigureStep

RESULTS = ("results/across/{relation}.zarr",)
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


def results_of(study: str) -> Path:
    """The results that every kind of study leaves."""
    return Path(f"results/{study}.zarr")


def each(rule: Rule, studies: Iterable[str]) -> list[Path]:
    """Of every study what the rule makes."""
    return [rule.path(study=study) for study in studies]


def related(name: str, comparison: Across, relation: Job) -> Iterator[Job]:
    """Results of a comparison's own, and the figures that are drawn from them."""
    yield relation
    for shown in comparison.plots:
        yield RELATION.job(
            FigureStep(name=shown), {"results": relation.outputs}, relation=name, shown=shown
        )


def side_by_side(name: str, figure: str, comparison: Comparison) -> Job:
    """A figure of the results of all studies."""
    return COMPARISON.job(
        FigureStep(name=figure, studies=comparison.studies),
        {"results": [results_of(study) for study in comparison.studies]},
        comparison=name,
    )
