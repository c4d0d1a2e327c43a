"""Whether statements hold up by themselves, against each other and against git."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path

from lowd.provenance.drift import drifts
from lowd.provenance.history import deleted, files_at
from lowd.provenance.lock import LOCK
from lowd.provenance.repository import Repository
from lowd.provenance.restated import RESTATED
from lowd.provenance.statement import ROOT


@dataclass(frozen=True)
class Finding:
    """Something to say of one file; a note is no fault."""

    file: str
    reason: str
    is_fault: bool = True


def lacking(repository: Repository) -> Iterator[Finding]:
    """Statements that can't be read, that are gone, or that are not as a run left them.

    Also dvc.lock, if it is gone.
    """
    for path, reason in repository.damaged.items():
        yield Finding(path.as_posix(), f"damaged: {reason}")
    gone = {Path(name) for name in deleted(ROOT.as_posix(), LOCK.as_posix())}
    gone |= {path for path in repository.declared if ROOT in path.parents and not path.exists()}
    for path in sorted(gone):
        yield Finding(path.as_posix(), "missing, though git or the manifest of its study has it")
    if RESTATED.exists():
        (committed,) = files_at([("HEAD", RESTATED.as_posix())])
        if committed not in (None, RESTATED.read_bytes()):
            yield Finding(RESTATED.as_posix(), "edited after it was committed")
    for path in sorted(repository.edited):
        yield Finding(path.as_posix(), "edited after it was written")


def contradictions(repository: Repository, scope: Collection[Path]) -> Iterator[Finding]:
    """Outputs that two jobs say they made, and jobs that rest on themselves."""
    for output, (first, *others) in repository.claims.items():
        for other in others:
            if first in scope or other in scope:
                yield Finding(other.as_posix(), f"says it made {output}, as does {first}")
        around = repository.output_around(output.parent)
        if around is not None and first in scope:
            made = f"{around}, which {repository.maker(around)} made"
            yield Finding(first.as_posix(), f"says it made {output}, inside {made}")
    graph = {path: repository.makers(path) for path in repository.statements}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = error.args[1]
        if not repository.edited & set(cycle):
            yield Finding(cycle[0].as_posix(), f"rests on itself: {' → '.join(map(str, cycle))}")


def git_differs(repository: Repository, scope: Collection[Path]) -> Iterator[Finding]:
    """Commits that are not here, code that is in none, and code that has moved on."""
    history = repository.history
    stated = {path: repository.statements[path] for path in scope if path not in repository.edited}
    stray: defaultdict[str, list[Path]] = defaultdict(list)
    for (path, one), drift in zip(stated.items(), drifts(stated.values(), history), strict=True):
        name = path.as_posix()
        if one.commit is None:
            yield Finding(name, "states no commit: the job saw no git", is_fault=False)
        elif history is None:
            yield Finding(name, "commit not checked: there is no repository here", is_fault=False)
        elif one.commit.digest in history.commits:
            if one.commit.dirty:
                yield Finding(name, "ran while the folder had uncommitted changes", is_fault=False)
        elif history.shallow:
            yield Finding(name, "commit not checked: this clone is shallow", is_fault=False)
        else:
            yield Finding(name, f"its commit {one.commit.digest} is on no branch, under no tag")
        if drift.changed:
            then, now = one.versions.get("lowd"), version("lowd")
            by = f" (it was lowd {then}, and is {now})" if then != now else ""
            files = ", ".join(drift.changed)
            yield Finding(name, f"the code has changed since{by}: {files}", is_fault=False)
        for source in drift.uncommitted:
            stray[source].append(path)
    for source, jobs in stray.items():
        others = f" and {len(jobs) - 1} more" if len(jobs) > 1 else ""
        yield Finding(source, f"in no commit as {jobs[0]}{others} ran it")
