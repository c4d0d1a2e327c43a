"""Stacks that are too large for this machine are refused before any is trained."""

import json
import os
from collections.abc import Iterable, Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowd.base import Settings
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.graph.own import add_own_modules
from lowd.steps.pool import PoolStep
from lowd.steps.train import TrainStep, count_new
from lowd.store.cells import Cells

if TYPE_CHECKING:
    from lowd.cost.memory import Excess

CHECKED = "LOWD_STACKS_FIT"
"""Set for jobs that run on the machine on which all stacks have been held against its memory."""


def check_stacks(graph: Graph, jobs: Iterable[Job], new: Mapping[Path, float]) -> None:
    """Raise ValueError if a stack that is to be trained is too large for this machine.

    Args:
        graph: all jobs.
        jobs: those to run.
        new: by statement, the share of a job's students that no earlier job has trained.
    """
    stacks = [job for job in jobs if isinstance(job.settings, TrainStep)]
    if not stacks:
        return
    from lowd.cost.memory import excess, memory_here
    from lowd.cost.networks import students

    add_own_modules()
    here = memory_here()
    found: dict[str, Excess] = {}
    for job in stacks:
        step, model = job.settings, job.wildcards.get("model", "")
        assert isinstance(step, TrainStep)
        try:
            pool = graph.nearest(job, PoolStep)
        except LookupError:
            continue
        share = new.get(job.statement, 1.0)
        if not (count := ceil(share * students(step))):
            continue
        one = excess(step, pool.shape, pool.drawn, here, model or job.statement.stem, count)
        if one is not None and (job.study not in found or one.fits < found[job.study].fits):
            found[job.study] = one
    if found:
        raise ValueError("\n".join(_told(one, study) for study, one in found.items()))


def check_stack(
    settings: Settings, paths: Mapping[str, Any], statement: Path | None, cells: Cells
) -> None:
    """Raise ValueError if a step is about to train a stack that is too large for this machine.

    Args:
        settings: the step's.
        paths: what it reads and makes.
        statement: where it leaves its statement, by which its study is told.
        cells: students that earlier jobs have trained.
    """
    if type(settings) is not TrainStep or os.environ.get(CHECKED):
        return
    try:
        stored = json.loads((paths["pool"] / "samples/zarr.json").read_text())
        points, *shape = stored["shape"]
    except (OSError, ValueError, LookupError):
        return  # the step says what is wrong with its pool
    from lowd.cost.memory import excess, memory_here

    given = settings, tuple(shape), points, memory_here(), paths["output"].parent.name
    found = excess(*given)
    if found is not None and cells.kept:
        new = count_new(settings, paths["pool"], cells)
        found = excess(*given, new) if new else None
    if found is not None:
        raise ValueError(_told(found, statement.parent.name if statement is not None else ""))


def _told(found: "Excess", study: str) -> str:
    """The refusal, with the study's key if params.yaml has the study."""
    from lowd.settings import load_params

    params = Path("params.yaml")
    if not study or not params.exists():
        return found.told("", is_bounded=True)
    try:
        declared = load_params(params)
    except ValueError:  # a step by hand, which is not to fail by what others are asked
        return found.told(f"studies.{study}", is_bounded=True)
    room = "findings" if study in declared.findings else "studies"
    return found.told(f"{room}.{study}", is_bounded=study in declared.transitions)
