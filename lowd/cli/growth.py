"""Which share of a job's cells is new where a study grows: of the others nothing is computed."""

import inspect
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from lowd.cli.due import Reasons
from lowd.cli.run import CELLS
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.provenance.statement import read_statement

GRID = {"samples", "replicates"}
"""Settings that say which cells there are, and nothing of what they come to."""
NAMES = {"name", "others"}
"""Settings that say what cells are called, and what they are compared with besides."""
POOL = GRID | {"size"}


def new_shares(graph: Graph, reasons: Reasons) -> dict[Path, float]:
    """By the statement of a job that is to run, the share of its cells that no earlier job made.

    A job is left out if nothing of it is kept: it has no cells, or what they depend on has changed.
    This goes by statements alone: keys would need the data.

    Args:
        graph: all that leads to what is asked for.
        reasons: by `due`, of that graph.
    """
    running = {
        job.statement
        for job in graph.followers(job for job in graph.jobs if job.statement in reasons)
    }
    kept: dict[Path, float] = {}
    for job in graph.in_order:
        if job.statement not in running:
            continue
        before = _grown_from(job)
        makers = [maker for maker in graph.makers(job) if maker.statement in running]
        if before is not None and all(maker.statement in kept for maker in makers):
            shares = [kept[maker.statement] for maker in makers]
            kept[job.statement] = _new(job, before, shares)
    return kept


def _grown_from(job: Job) -> Mapping[str, Any] | None:
    """The settings that a job had, if it has only grown since."""
    if not job.statement.exists() or not all(path.exists() for path in job.outputs):
        return None
    stated = read_statement(job.statement)
    if not stated.code.startswith(job.code):
        return None
    now = job.settings.model_dump(mode="json")
    changed = {
        key for key in now.keys() | stated.settings if now.get(key) != stated.settings.get(key)
    }
    if job.step.name == "pool":
        return stated.settings if changed <= POOL else None
    if CELLS not in inspect.signature(job.step.run).parameters:
        return None if changed else stated.settings
    return stated.settings if changed <= GRID | NAMES else None


def _new(job: Job, before: Mapping[str, Any], shares: Sequence[float]) -> float:
    """The share of a job's cells that it had not before.

    Args:
        job: the job.
        before: the settings that it had.
        shares: of the jobs that it gets something new from.
    """
    if CELLS not in inspect.signature(job.step.run).parameters:
        return 1.0
    now = job.settings.model_dump(mode="json")
    if not now.get("samples"):  # it has the cells of the students that it is given
        return max(shares, default=0.0)
    here, there = (
        set(product(settings["samples"], range(settings["replicates"])))
        for settings in (now, before)
    )
    return len(here - there) / len(here)
