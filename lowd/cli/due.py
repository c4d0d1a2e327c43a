"""Which jobs are due by content: what is there, against what would be made now.

Snakemake forgets: a job that fails takes its outputs and the record of its parameters with it, and
an intermediate that is missing is not made again while the target stands. Statements don't: a job
is made if its outputs are there, and its statement has the settings, the code and the content of
inputs that it would have now. That the outputs are still as stated is for `lowd verify` to say.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.graph.own import add_own_modules
from lowd.provenance.conformity import differing
from lowd.provenance.digests import Digests
from lowd.provenance.here import check_here
from lowd.provenance.snapshot import Snapshot
from lowd.provenance.statement import Statement, read_statement


class Reason(NamedTuple):
    """Why a job is due.

    Attributes:
        kind: what has changed since it was made; `new` if it never was.
        text: in words.
    """

    kind: Literal["new", "setting", "code", "input", "missing"]
    text: str


Reasons = dict[Path, Reason]
"""By the statement of a job that is due, why it is."""


def due(graph: Graph) -> Reasons:
    """The jobs to be made, and why.

    Those that only read what such a job makes are not among them: it may come out as it was. What
    is missing is made if it is asked for, as by the manifest of its study, or if a job that runs
    reads it: figures are drawn again from results alone.

    Args:
        graph: all that leads to what is asked for.

    Raises:
        OSError: a file of the user's own can't be read.
        ValueError: a module of the user's own can't be found, or this folder has other code.
    """
    check_here({module for job in graph.jobs for module in job.modules})
    add_own_modules()
    snapshot = Snapshot()
    made: dict[Path, Statement] = {}
    reasons: Reasons = {}
    for job in graph.in_order:
        try:
            statement = read_statement(job.statement)
        except FileNotFoundError:
            reasons[job.statement] = Reason("new", "no statement says how it was made")
            continue
        except (ValueError, OSError) as error:
            reasons[job.statement] = Reason("new", f"its statement can't be read: {error}")
            continue
        found = [*_changed(job, statement), *_inputs_changed(job, statement, graph, made, snapshot)]
        if found:
            reasons[job.statement] = found[0]
        else:
            made[job.statement] = statement
    while missing := _missing(graph, reasons):
        reasons |= missing
    return reasons


def _missing(graph: Graph, reasons: Reasons) -> Reasons:
    """Jobs whose outputs are needed, and are not there, besides those in `reasons`."""
    running = graph.followers(job for job in graph.jobs if job.statement in reasons)
    needed = {*graph.ends, *(path for job in graph.jobs for path in job.waits_for)}
    needed |= {path for job in running for path in job.made_from}
    return {
        job.statement: Reason("missing", f"{gone[0]} is missing")
        for job in graph.jobs
        if job.statement not in reasons
        and not needed.isdisjoint(job.outputs)
        and (gone := [path for path in job.outputs if not path.exists()])
    }


def _changed(job: Job, statement: Statement) -> Iterator[Reason]:
    if job.step.name != statement.step:
        yield Reason("new", f"its statement is about {statement.step}")
    settings = job.settings.model_dump(mode="json")
    for key, value, before in differing(settings, statement.settings):
        yield Reason("setting", f"{key} was {before}, is {value}")
    if not statement.code.startswith(job.code):
        yield Reason("code", "its code has changed")


def _inputs_changed(
    job: Job,
    statement: Statement,
    graph: Graph,
    made: Mapping[Path, Statement],
    snapshot: Snapshot,
) -> Iterator[Reason]:
    """Inputs that are no longer what the job read, by their maker's statement or by their bytes."""
    inputs = {role: list(paths) for role, paths in job.inputs.items()}
    inputs |= job.step.own_files(job.settings, inputs)
    # As statements name them: a module is found by its whole path.
    given = dict.fromkeys(
        Path(os.path.relpath(path)) for paths in inputs.values() for path in paths
    )
    read = {one.path: one.digests for each in statement.inputs.values() for one in each}
    for path in read.keys() - given.keys():
        yield Reason("input", f"it no longer reads {path}")
    for path in given:
        maker = graph.maker(path)
        if path not in read:
            yield Reason("input", f"it reads {path} now")
        elif maker is None:
            if not path.exists():
                if not any(graph.maker(around) for around in path.parents):
                    yield Reason("missing", f"{path} is missing")
            elif snapshot.digests([path])[0] != read[path]:
                yield Reason("input", f"{path} has changed")
        elif maker.statement in made and _left(made[maker.statement], path) != read[path]:
            yield Reason("input", f"{path} was made again")


def _left(statement: Statement, path: Path) -> Digests | None:
    return next((one.digests for one in statement.subject if one.path == path), None)
