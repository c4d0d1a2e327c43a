"""What jobs did take."""

import csv
from datetime import datetime
from pathlib import Path

from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.provenance.statement import Statement, read_statement


def stated(graph: Graph) -> dict[int, Statement]:
    """Statements of jobs with the settings they have now, by the job's position."""
    found = {}
    for at, job in enumerate(graph.jobs):
        if job.statement.exists():
            one = read_statement(job.statement)
            if (one.step, one.settings) == (job.step.name, job.settings.model_dump(mode="json")):
                found[at] = one
    return found


def took(statement: Statement) -> float:
    """Seconds that passed while the job ran, from when it read its inputs.

    A statement that took new code in, without running the job, says when the job did run.
    """
    details = statement.predicate.run_details
    for resource in details.byproducts:
        if resource.name == "rederivation" and "madeBy" in (resource.annotations or {}):
            run = (resource.annotations or {})["madeBy"]
            began, ended = (datetime.fromisoformat(run[key]) for key in ("startedOn", "finishedOn"))
            return (ended - began).total_seconds()
    return (statement.finished - statement.started).total_seconds()


def held(job: Job) -> float | None:
    """Bytes that the job held at most, if Snakemake's benchmark of it is here."""
    benchmark = Path("logs", job.statement.parent.name, f"{job.statement.stem}.tsv")
    try:
        with benchmark.open() as file:
            (row,) = csv.DictReader(file, delimiter="\t")
            return float(row["max_rss"]) * 2**20
    except (OSError, ValueError, KeyError):
        return None  # logs are no outputs: a clone has none
