"""How long each job takes, which decides what starts first and what is said to remain."""

from collections.abc import Collection, Sequence
from pathlib import Path

from lowd.cli.planned import Planned
from lowd.steps.train import TrainStep

WORTH = 100_000
"""Steps of students, all counted, from which on a minute of calibration is worth its while."""

Seconds = dict[Path, float]
"""By the statement of a job, what it takes."""


def estimate(jobs: Sequence[Planned], due: Collection[Path]) -> Seconds:
    """What `lowd plan` foresees of each job; nothing where so little is due that it is not asked.

    Args:
        jobs: all that lead to what is asked for.
        due: the statements of those to run.
    """
    if sum(_student_steps(job) for job in jobs if job.statement in due) < WORTH:
        return {}
    from lowd.cli.plan import price_jobs

    return {one.job.statement: one.seconds for one in price_jobs(jobs).jobs}


def _student_steps(job: Planned) -> int:
    if not isinstance(settings := job.settings, TrainStep):
        return 0
    students = len(settings.samples) * settings.replicates * (settings.seeds or 1)
    return students * settings.training.steps
