"""How long each job takes, which decides what starts first and what is said to remain."""

from collections.abc import Collection
from pathlib import Path

from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.steps.train import TrainStep

WORTH = 100_000
"""Steps of students, all counted, from which on a minute of calibration is worth its while."""

Seconds = dict[Path, float]
"""By the statement of a job, what it takes."""

_seconds: Seconds = {}


def estimate(graph: Graph, due: Collection[Path]) -> Seconds:
    """What `lowd plan` foresees of each job; nothing where so little is due that it is not asked.

    From then on `priority` goes by it.

    Args:
        graph: all that leads to what is asked for.
        due: the statements of jobs to run.
    """
    if sum(_student_steps(job) for job in graph.jobs if job.statement in due) >= WORTH:
        from lowd.cli.plan import price_jobs

        _seconds.update({one.job.statement: one.seconds for one in price_jobs(graph).jobs})
    return _seconds


def priority(job: Job) -> int:
    """Of jobs that can start the longest does: a core would idle while it runs alone at the end."""
    return round(_seconds.get(job.statement, 0))


def _student_steps(job: Job) -> int:
    if not isinstance(settings := job.settings, TrainStep):
        return 0
    students = len(settings.samples) * settings.replicates * (settings.seeds or 1)
    return students * settings.training.steps
