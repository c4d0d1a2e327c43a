"""Which share of a job's cells is new where a study grows: of the others nothing is computed."""

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from lowd.cli.due import Reasons
from lowd.cli.kept import kept_statements
from lowd.cli.run import EARLIER_CELLS
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.provenance.statement import Statement, read_statement

GRID = frozenset({"samples", "replicates"})
"""Settings that say which cells there are, and nothing of what they come to."""
NAMES = frozenset({"name", "others"})
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
    earlier = defaultdict(list)
    for stated in kept_statements():
        earlier[stated.subject[0].path].append(stated)
    kept: dict[Path, float] = {}
    for job in graph.in_order:
        if job.statement not in running:
            continue
        before = list(_grown_from(job, earlier[job.outputs[0]]))
        makers = [maker for maker in graph.makers(job) if maker.statement in running]
        if before and all(maker.statement in kept for maker in makers):
            shares = [kept[maker.statement] for maker in makers]
            kept[job.statement] = _new(job, before, shares)
    return kept


def _grown_from(job: Job, earlier: Sequence[Statement]) -> Iterator[Mapping[str, Any]]:
    """The settings that a job had in runs whose outputs are here or kept, if it has only grown."""
    if job.statement.exists() and all(path.exists() for path in job.outputs):
        earlier = [read_statement(job.statement), *earlier]
    now = job.settings.model_dump(mode="json")
    may_change = frozenset[str]()
    if job.step.name == "pool":
        may_change = POOL
    elif EARLIER_CELLS in inspect.signature(job.step.run).parameters:
        may_change = GRID | NAMES
    for stated in earlier:
        before = stated.settings
        changed = {key for key in now.keys() | before if now.get(key) != before.get(key)}
        if stated.code.startswith(job.code) and changed <= may_change:
            yield before


def _new(job: Job, before: Sequence[Mapping[str, Any]], shares: Sequence[float]) -> float:
    """The share of a job's cells that it had not before.

    Args:
        job: the job.
        before: the settings that it had.
        shares: of the jobs that it gets something new from.
    """
    if EARLIER_CELLS not in inspect.signature(job.step.run).parameters:
        return 1.0
    now = job.settings.model_dump(mode="json")
    if not now.get("samples"):  # it has the cells of the students that it is given
        return max(shares, default=0.0)
    here = _grid(now)
    return len(here.difference(*map(_grid, before))) / len(here)


def _grid(settings: Mapping[str, Any]) -> set[tuple[int, int]]:
    return set(product(settings["samples"], range(settings["replicates"])))
