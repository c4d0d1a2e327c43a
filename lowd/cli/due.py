"""Which jobs are due by content: what is there, against what would be made now.

Snakemake forgets: a job that fails takes its outputs and the record of its parameters with it, and
an intermediate that is missing is not made again while the target stands. Statements don't: a job
is made if its outputs are there, and its statement has the settings, the code and the content of
inputs that it would have now. That the outputs are still as stated is for `lowd verify` to say.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from lowd.cli.planned import Planned
from lowd.cli.run import add_own_modules, inputs_of
from lowd.jobs import modules, own_files, teacher_kinds
from lowd.provenance.code import code_digest
from lowd.provenance.conformity import differing
from lowd.provenance.digests import Digests
from lowd.provenance.snapshot import Snapshot
from lowd.provenance.statement import Statement, read_statement

Reasons = dict[Path, str]
"""By the statement of a job that is due, why it is."""


def due(jobs: Sequence[Planned]) -> Reasons:
    """The jobs to be made, and why.

    Args:
        jobs: all that lead to what is asked for.

    Raises:
        OSError: a file of the user's own can't be read.
    """
    add_own_modules()
    makers = {path: job.statement for job in jobs for path in job.outputs}
    snapshot = Snapshot()
    stated: dict[Path, Statement] = {}
    reasons: Reasons = {}
    for job in _makers_first(jobs, makers):
        found = _why(job, makers, stated, reasons, snapshot)
        if (reason := next(found, None)) is not None:
            reasons[job.statement] = reason
    return reasons


def _makers_first(jobs: Sequence[Planned], makers: Mapping[Path, Path]) -> list[Planned]:
    by_statement = {job.statement: job for job in jobs}
    needs = {
        job.statement: {
            makers[path]
            for paths in inputs_of(job.paths).values()
            for path in paths
            if path in makers
        }
        for job in jobs
    }
    return [by_statement[one] for one in TopologicalSorter(needs).static_order()]


def _why(
    job: Planned,
    makers: Mapping[Path, Path],
    stated: dict[Path, Statement],
    reasons: Mapping[Path, str],
    snapshot: Snapshot,
) -> Iterator[str]:
    for path in job.outputs:
        if not path.exists():
            yield f"{path} is missing"
    try:
        statement = stated[job.statement] = read_statement(job.statement)
    except FileNotFoundError:
        yield "no statement says how it was made"
        return
    except (ValueError, OSError) as error:
        yield f"its statement can't be read: {error}"
        return
    settings = job.settings.model_dump(mode="json")
    for key, value, before in differing(settings, statement.settings):
        yield f"{key} was {before}, is {value}"
    inputs = inputs_of(job.paths)
    if code_digest(modules(job.settings, *teacher_kinds(job.settings, inputs))) != statement.code:
        yield "its code has changed"
    yield from _inputs_changed(job, statement, makers, stated, reasons, snapshot)


def _inputs_changed(
    job: Planned,
    statement: Statement,
    makers: Mapping[Path, Path],
    stated: Mapping[Path, Statement],
    reasons: Mapping[Path, str],
    snapshot: Snapshot,
) -> Iterator[str]:
    """Inputs that are no longer what the job read: by their maker's statement, or by their bytes.

    An input that is itself to be made may come out as it was; then this job is not due for it.
    """
    inputs = inputs_of(job.paths)
    inputs |= own_files(job.settings, inputs)
    read = {one.path: one.digests for each in statement.inputs.values() for one in each}
    given = list(dict.fromkeys(path for paths in inputs.values() for path in paths))
    for path in [*given, *(path for path in read if path not in given)]:
        maker = makers.get(path)
        if path not in given or path not in read:
            yield f"it reads {path} now" if path in given else f"it no longer reads {path}"
        elif maker is None:
            if _own(path, snapshot) != read[path]:
                yield f"{path} has changed"
        elif maker not in reasons and _left(stated[maker], path) != read[path]:
            yield f"{path} was made again"


def _own(path: Path, snapshot: Snapshot) -> Digests | None:
    return snapshot.digests([path])[0] if path.exists() else None


def _left(statement: Statement, path: Path) -> Digests | None:
    return next((one.digests for one in statement.subject if one.path == path), None)


def chosen(reasons: Reasons, jobs: Iterable[Planned]) -> list[str]:
    """An output of every job that is due, by which Snakemake is told to run it."""
    return [job.outputs[0].as_posix() for job in jobs if job.statement in reasons]
