"""The jobs of params.yaml: what Snakemake schedules, and what commands ask about.

A kind of study has a module with its `jobs` and the FIGURES that are drawn from its results.
"""

from collections.abc import Iterator
from pathlib import Path

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
from lowd.settings import Params, load_params
from lowd.studies import Study, TheoryStudy

__all__ = ["KINDS", "RULES", "Graph", "Job", "Rule", "graph", "read_graph"]

KINDS = {
    "transition": transition,
    "theory": theory,
    "dynamics": dynamics,
    "bias-variance": bias_variance,
    "families": families,
}
RULES = {
    rule.name: rule
    for module in (data, descriptors, students, *KINDS.values(), across, figures)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}


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
            *(figures.figure(name, shown) for shown in kind.FIGURES),
        ]
        yield from jobs
        yield figures.manifest(name, jobs)
    for name, comparison in params.across.items():
        yield from across.jobs(name, comparison, studies)
