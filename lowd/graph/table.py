"""The jobs of params.yaml, and every rule, step and figure that they may be of.

A kind of study has a module with its steps, its `jobs`, and its FIGURES with the scores they plot.
"""

from collections.abc import Iterator
from pathlib import Path

from lowd.base import Settings
from lowd.graph import (
    across,
    bias_variance,
    data,
    descriptors,
    dynamics,
    families,
    figures,
    students,
    theory,
    transition,
)
from lowd.graph.graph import Graph
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.settings import Params, load_params
from lowd.studies import Study, TheoryStudy

KINDS = {
    "transition": transition,
    "theory": theory,
    "dynamics": dynamics,
    "bias-variance": bias_variance,
    "families": families,
}
RULES = {
    rule.name: rule
    for module in (data, students, descriptors, *KINDS.values(), across, figures)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}
STEPS = {rule.step.name: rule.step for rule in RULES.values()}
PLOTTED: dict[str, tuple[str, ...]] = {
    figure: scores
    for module in (*KINDS.values(), across)
    for figure, scores in module.FIGURES.items()
}
"""The scores behind each figure, but for chance levels, single crossings and their spreads.

The first is of that figure alone; one that shows samples has none.
"""


def step_of(settings: Settings) -> Step:
    """The step that takes such settings."""
    (step,) = (step for step in STEPS.values() if step.settings is type(settings))
    return step


def read_graph() -> Graph:
    """The jobs of the params.yaml that is here; raises as `load_params` does."""
    return graph(load_params(Path("params.yaml")))


def graph(params: Params) -> Graph:
    """All jobs, study by study."""
    return Graph(_jobs(params))


def _jobs(params: Params) -> Iterator[Job]:
    studies = params.transitions
    for name, study in params.every.items():
        kind = KINDS[study.kind]
        on = [] if isinstance(study, Study | TheoryStudy) else [studies[study.study]]
        jobs = [
            *kind.jobs(name, study, *on),
            *(figures.figure_job(name, shown) for shown in kind.FIGURES),
        ]
        yield from jobs
        yield figures.manifest_job(name, jobs)
    for name, comparison in params.across.items():
        yield from across.jobs(name, comparison, studies)
