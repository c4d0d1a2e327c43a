"""Jobs of a graph, run by their steps in this process."""

import inspect
from pathlib import Path
from typing import Any, get_args, get_type_hints

from lowd.graph.job import Job


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
