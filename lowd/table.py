"""The jobs of params.yaml, and every rule, step and figure that they may be of."""

from collections.abc import Iterator
from pathlib import Path

from lowd.base import Settings
from lowd.comparisons import Across
from lowd.discovery import kind_of, modules_of_kinds
from lowd.graph import across, data, descriptors, figures, labelled, students
from lowd.graph.graph import Graph
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.settings import DECLARED, Params, load_params

JOBS = {module.__name__.split(".")[2]: module for module in modules_of_kinds("jobs")}
RULES = {
    rule.name: rule
    for module in (data, labelled, students, descriptors, *JOBS.values(), across, figures)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}
STEPS = {rule.step.name: rule.step for rule in RULES.values()}
PLOTTED: dict[str, tuple[str, ...]] = {
    figure: scores for kind in DECLARED for figure, scores in kind.plots.items()
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
    named = {**params.every, **params.across}
    for name, settings in named.items():
        jobs = list(JOBS[kind_of(type(settings))].jobs(name, settings, named))
        if not isinstance(settings, Across):
            jobs += [figures.figure_job(name, shown) for shown in settings.shown(params.every)]
            jobs.append(figures.manifest_job(name, jobs))
        yield from jobs
