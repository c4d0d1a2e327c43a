"""Jobs of a graph, run by their steps in this process."""

import inspect
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.table import read_graph


def make(folder: Path, params: dict[str, Any], *results: str) -> Graph:
    """All jobs of these settings, of which those that lead to the results have run in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("params.yaml").write_text(yaml.safe_dump(params))
        graph = read_graph()
        for job in graph.leading_to([Path("results", name) for name in results]).in_order:
            run(job)
    return graph


def run(job: Job) -> None:
    """The step of a job, whose inputs are there."""
    hints = get_type_hints(job.step.run)
    given: dict[str, Any] = {}
    for role, paths in {**job.inputs, "output": job.outputs}.items():
        is_list = list[Path] in (hints[role], *get_args(hints[role]))
        if is_list or paths:
            given[role] = list(paths) if is_list else paths[0]
    if "scratch" in inspect.signature(job.step.run).parameters:
        given["scratch"] = None
    job.outputs[0].parent.mkdir(parents=True, exist_ok=True)
    job.step.run(job.settings, **given)
