"""Figures of every kind keep to one standard, drawn of results that are committed or made up."""

from functools import cache
from pathlib import Path

import pytest
import test_collapse_figures
from captions import figure_keeps_to_the_standard
from test_figures import ACROSS, FIGURES, closed, results, shown  # noqa: F401
from test_figures_findings import CLOSE_LOOKS, finding

from lowd.figures.find import figure_module
from lowd.kinds.collapse.settings import Collapse
from lowd.settings import load_params
from lowd.steps.figure import FigureStep
from lowd.store.arrays import read_store
from lowd.table import graph

ROOT = Path(__file__).parents[1]
MADE_UP = {
    **{figure: lambda figure=figure: shown(figure, results()) for figure in (*FIGURES, *ACROSS)},
    **{figure: lambda kind=kind: finding(kind) for figure, kind in CLOSE_LOOKS.items()},
    **dict.fromkeys(Collapse.plots, test_collapse_figures.results),
}


@cache
def committed():
    """Of each figure of this repository the results that it is drawn from, if they are there.

    Scores of transition studies are newer than what is committed of them: those are made up.
    """
    found = {}
    for job in graph(load_params(ROOT / "params.yaml")).jobs:
        paths = [ROOT / path for path in job.inputs.get("results", [])]
        is_figure = isinstance(job.settings, FigureStep)
        if not is_figure or job.settings.name in (*FIGURES, *ACROSS):
            continue
        if all(path.exists() for path in paths):
            found.setdefault(job.settings.name, (job.settings.studies, paths))
    return found


@pytest.mark.parametrize("name", MADE_UP)
def test_figures_of_results_that_are_made_up_keep_to_it(name):
    figure_keeps_to_the_standard(name, MADE_UP[name]())


def test_results_of_most_kinds_are_committed():
    kinds = {figure_module(name).split(".")[2] for name in committed()}
    assert kinds >= {"dynamics", "bias_variance", "dimension", "families", "denoisers"}
    assert kinds >= {"jacobians", "disjoint", "theory", "representation"}


@pytest.mark.parametrize("name", sorted(committed()))
def test_figures_of_results_that_are_committed_keep_to_it(name):
    studies, paths = committed()[name]
    datasets = [read_store(path, finite=False) for path in paths]
    figure_keeps_to_the_standard(
        name, dict(zip(studies, datasets, strict=True)) if studies else datasets[0]
    )
