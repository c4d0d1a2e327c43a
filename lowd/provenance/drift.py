"""How code has moved on since a job ran it, and whether git has what ran."""

import hashlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from lowd.provenance.code import ROOT as PACKAGE_ROOT
from lowd.provenance.code import is_here
from lowd.provenance.digests import Digests
from lowd.provenance.here import check_files
from lowd.provenance.history import History, digests_ever, files_at
from lowd.provenance.links import contents
from lowd.provenance.statement import Statement


@dataclass(frozen=True)
class Drift:
    """Files of code that are not what a job ran.

    Attributes:
        changed: those that differ now; none if they differ in comments and layout alone.
        uncommitted: those that no commit has as they were.
        lost: those of `changed` that are nowhere to be found as they were.
    """

    changed: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def drifts(statements: Collection[Statement], history: History | None) -> list[Drift]:
    """The drift since each statement.

    Nothing is called uncommitted if the clone is shallow, or if the repository around the current
    folder never had the package, which then came from elsewhere.

    Raises:
        ValueError: this folder has other code than what runs.
    """
    sources = [
        {source.path.as_posix(): source.digests.sha256 for source in stated.sources}
        for stated in statements
    ]
    here = _here({name for files in sources for name in files})
    committed: set[str] = set()
    if history is not None:
        commits = [stated.commit for stated in statements]
        asked = {
            (commit.digest, name): digest
            for commit, files in zip(commits, sources, strict=True)
            if commit is not None and commit.digest in history.commits
            for name, digest in files.items()
        }
        committed = _committed(asked)
    found = []
    for stated, files in zip(statements, sources, strict=True):
        other = {name for name, digest in files.items() if here[name] != digest}
        changed = other if other and not runs_the_same(stated) else set()
        unknown = {name for name, digest in files.items() if digest not in committed}
        judged = committed and history is not None and not history.shallow
        uncommitted = unknown - (other - changed) if judged else set()
        names = (changed, uncommitted, changed & unknown)
        found.append(Drift(*(tuple(sorted(each)) for each in names)))
    return found


def _here(names: Iterable[str]) -> dict[str, str | None]:
    """SHA-256 of the package's own files now."""
    paths = {name: PACKAGE_ROOT.parent / name for name in names}
    check_files((path for path in paths.values() if path.exists()), PACKAGE_ROOT)
    found = contents(paths.values())
    return {
        name: content.sha256 if isinstance(content := found[path], Digests) else None
        for name, path in paths.items()
    }


def _committed(sources: dict[tuple[str, str], str]) -> set[str]:
    """SHA-256 of what commits have of the sources, given as digests by commit and path.

    Nearly all are as the commit asked has them, so that the whole history is read for few.
    """
    files = files_at(list(sources))
    found = {hashlib.sha256(file).hexdigest() for file in files if file is not None}
    astray = sorted({path for (_, path), digest in sources.items() if digest not in found})
    return found | digests_ever(astray) if astray else found


def runs_the_same(stated: Statement) -> bool:
    """Whether all modules that ran are still here, under whatever name."""
    modules = stated.modules
    with suppress(OSError, SyntaxError, RecursionError):  # a module can't be read, or run
        return bool(modules) and all(is_here(*each) for each in modules.items())
    return False
