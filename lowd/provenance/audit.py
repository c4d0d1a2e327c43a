"""Everything that statements declare, rehashed and held against all else there is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from lowd.provenance.blame import (
    Evidence,
    of_figures,
    of_jobs,
    of_lock,
    of_outputs,
    of_own_files,
)
from lowd.provenance.coherence import Finding, contradictions, git_differs, lacking
from lowd.provenance.links import Link, State, contents
from lowd.provenance.lock import LOCK, Lock, differs_aside, read_lock, refused_by_dvc
from lowd.provenance.repository import Repository


@dataclass(frozen=True)
class Audit:
    """What was found.

    Attributes:
        outputs: what jobs left.
        own: what they read and no job made.
        findings: faults, and what to know besides.
    """

    outputs: tuple[Link, ...]
    own: tuple[Link, ...]
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        """What should not be."""
        return [finding for finding in self.findings if finding.is_fault]

    @property
    def notes(self) -> list[Finding]:
        """What else to know."""
        return [finding for finding in self.findings if not finding.is_fault]

    @property
    def passed(self) -> bool:
        """No fault, and something was here to be verified."""
        links = self.outputs or self.own
        return not self.faults and any(link.state is State.VERIFIED for link in links)


def audit(
    repository: Repository, carried: Mapping[Path, str | None], asked: Collection[Path] = ()
) -> Audit:
    """Check statements, files, dvc.lock and git against each other.

    Args:
        repository: the statements.
        carried: lineage ids in the figures that are here, None for a figure without.
        asked: check only what lies in these folders or is one of these files, and the jobs that
            made it. Statements that are damaged or gone may be about anything, and are told.

    Raises:
        ValueError: no statement has to do with a path asked for.
    """
    places = [repository.output_around(path) or path for path in asked] or [Path()]

    def is_asked(path: Path) -> bool:
        return any(place in (path, *path.parents) for place in places)

    known = {*repository.statements, *repository.damaged, *repository.claims, *repository.readers}
    for place in places:
        if not any(place in (path, *path.parents) for path in known):
            raise ValueError(f"no statement has to do with {place}")

    outputs = [
        path for path, (maker, *_) in repository.claims.items() if is_asked(path) or is_asked(maker)
    ]
    scope = dict.fromkeys(repository.claims[path][0] for path in outputs)
    own = [
        path
        for path, readers in repository.readers.items()
        if repository.output_around(path) is None
        and (is_asked(path) or any(one in scope for one in readers))
    ]
    findings = list(lacking(repository))
    whole = not findings
    lock, said = _lock(findings)
    findings += said
    records = [path for path in lock.outputs if is_asked(path)]
    evidence = Evidence(repository, whole, lock, contents([*outputs, *own, *records]))
    left = {path: evidence.output(path) for path in outputs}
    read = {path: evidence.own(path) for path in own}
    findings += of_outputs(evidence, left)
    findings += of_own_files(evidence, read, scope)
    findings += of_jobs(evidence, scope, {finding.file for finding in findings})
    findings += of_lock(evidence, records, left, {finding.file for finding in findings})
    findings += of_figures(evidence, left, {one: carried[one] for one in carried if is_asked(one)})
    findings += contradictions(repository, scope)
    findings += git_differs(repository, scope)
    return Audit(tuple(left.values()), tuple(read.values()), tuple(findings))


def _lock(findings: Collection[Finding]) -> tuple[Lock, list[Finding]]:
    """dvc.lock, and what is to be said of it; an empty one if it is gone or can't be read."""
    if LOCK.as_posix() in {finding.file for finding in findings}:
        return Lock(is_lost=True), []
    try:
        lock = read_lock()
    except ValueError as error:
        file, _, reason = str(error).partition(": ")
        return Lock(is_lost=True), [Finding(file, reason)]
    if LOCK.exists() and (reason := refused_by_dvc()):
        return lock, [Finding(LOCK.as_posix(), f"DVC refuses it: {reason}; take it back from git")]
    aside = "is not as committed, though the outputs in it are"
    return lock, [Finding(LOCK.as_posix(), aside, is_fault=False)] if differs_aside(lock) else []
