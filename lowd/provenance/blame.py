"""Who is wrong where files, statements and dvc.lock disagree.

A file that is not what its statement says is accused, unless another job that read it, or dvc.lock,
vouches for it as it is: then the statement is. What one fault explains is not held against anything
else, so repairing what is named may bring up more.
"""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from lowd.provenance.coherence import Finding
from lowd.provenance.digests import STAMP, Digests
from lowd.provenance.links import Content, Link, State, check
from lowd.provenance.lock import LOCK, Lock
from lowd.provenance.repository import Repository
from lowd.provenance.stores import where_inside


@dataclass(frozen=True)
class Evidence:
    """What is said of files, and what they are.

    Attributes:
        repository: the statements.
        whole: whether they are all here, as they were written; else a file that none is about may
            well have had one.
        lock: dvc.lock.
        now: what is at the paths to be checked.
    """

    repository: Repository
    whole: bool
    lock: Lock
    now: Mapping[Path, Content]

    def output(self, path: Path) -> Link:
        """An output, against the statement of the job that made it."""
        return check(path, self.repository.stated(path), self.now[path], self.lock)

    def own(self, path: Path) -> Link:
        """A file that no job made, against what jobs read."""
        read = list(self.repository.readers[path].values())
        now = self.now[path]
        return check(
            path, now if isinstance(now, Digests) and now in read else read[0], now, self.lock
        )

    def is_recorded(self, record: Path) -> bool:
        """Whether an output in dvc.lock is as that has it."""
        now = self.now.get(record)
        return isinstance(now, Digests) and now.md5 == self.lock.outputs[record]


def of_outputs(evidence: Evidence, links: Mapping[Path, Link]) -> Iterator[Finding]:
    """Outputs that are not as they were left, or statements that are wrong about them."""
    for path, link in links.items():
        maker, now = evidence.repository.claims[path][0], evidence.now[path]
        if link.state in (State.VERIFIED, State.NOT_LOCAL) or maker in evidence.repository.edited:
            continue
        if isinstance(now, Digests):
            yield _accused(path, maker, now, evidence)
        else:
            yield Finding(link.name, now or f"missing, though {maker} says it was made")


def _accused(path: Path, maker: Path, now: Digests, evidence: Evidence) -> Finding:
    repository = evidence.repository
    left = repository.stated(path)
    readers = repository.readers.get(path, {})
    record = evidence.lock.record_of(path)
    if now.sha256 == left.sha256 or now.md5 == left.md5:
        voucher = "contradicts itself"
    elif now in readers.values():
        voucher = (
            f"and {next(one for one, read in readers.items() if read == now)} read it as it is"
        )
    elif left not in readers.values() and record is not None and evidence.is_recorded(record):
        voucher = f"and {LOCK} has it as it is"
    else:
        twins = [str(other) for other in repository.claims if repository.stated(other) == now]
        hint = f"; it is what {twins[0]} should be" if twins else ""
        where = "" if twins else where_inside(path, left)
        return Finding(path.as_posix(), f"changed: not what {maker} says was left{where}{hint}")
    return Finding(maker.as_posix(), f"says that {path} was left otherwise, {voucher}")


def of_jobs(
    evidence: Evidence, scope: Collection[Path], accused: Collection[str]
) -> Iterator[Finding]:
    """Jobs that read something else than is stated to have been left for them.

    Statements already `accused` are no measure.
    """
    repository = evidence.repository
    for path, readers in repository.readers.items():
        if path not in repository.claims:
            continue
        maker, left = repository.claims[path][0], repository.stated(path)
        if maker in repository.edited or maker.as_posix() in accused:
            continue
        for reader, read in readers.items():
            if read != left and reader in scope:
                yield _stale(reader, f"{path} than {maker} says was left", repository)


def of_own_files(
    evidence: Evidence, links: Mapping[Path, Link], scope: Collection[Path]
) -> Iterator[Finding]:
    """Files that no job made, which is right for the user's own alone.

    Also jobs in `scope` that saw them otherwise than others did.
    """
    repository = evidence.repository
    for path, link in links.items():
        readers = repository.readers[path]
        first = next(iter(readers))
        if path in repository.gaps and evidence.whole:
            yield Finding(link.name, f"no statement says what made it, and {first} read it")
        elif link.state is State.MISSING:
            yield Finding(link.name, f"missing, though {first} read it")
        elif link.state is State.CHANGED:
            where = where_inside(path, readers[first])
            yield Finding(link.name, link.reason or f"changed: not what {first} read{where}")
        elif link.state is State.VERIFIED:
            for reader, read in readers.items():
                if read != evidence.now[path] and reader in scope:
                    yield _stale(reader, f"{path} than there is now", repository)


def of_lock(
    evidence: Evidence,
    records: Collection[Path],
    links: Mapping[Path, Link],
    accused: Set[str],
) -> Iterator[Finding]:
    """Where dvc.lock alone is wrong: files and statements agree, and nothing is `accused` there."""
    repository = evidence.repository
    within: dict[Path, list[Path]] = {record: [] for record in records}
    for path in repository.claims:
        for place in within.keys() & {path, *path.parents}:
            within[place].append(path)
    for record, inside in within.items():
        if not inside or evidence.is_recorded(record):
            continue
        explained = any(
            links[path].state is not State.VERIFIED
            or accused & {path.as_posix(), repository.claims[path][0].as_posix()}
            for path in inside
        )
        if explained:
            continue
        strangers = [] if record in inside else list(_unclaimed(record, repository))
        for path in strangers if evidence.whole else ():
            yield Finding(
                path.as_posix(), f"no statement says what made it; {LOCK} has {record} otherwise"
            )
        if not strangers:
            yield Finding(
                LOCK.as_posix(), f"has {record} otherwise than it is and than statements say"
            )


def of_figures(
    evidence: Evidence, links: Mapping[Path, Link], carried: Mapping[Path, str | None]
) -> Iterator[Finding]:
    """Figures that carry another lineage id than their statement has, or than any has."""
    repository = evidence.repository
    known = {stated.lineage for stated in repository.statements.values()}
    for path, lineage in carried.items():
        link = links.get(path)
        if link is not None and link.state is State.VERIFIED:
            maker = repository.claims[path][0]
            if maker not in repository.edited and lineage != repository.statements[maker].lineage:
                carries = "no lineage id" if lineage is None else f"the lineage id {lineage}"
                yield Finding(link.name, f"carries {carries}, not that of {maker}")
        elif path not in repository.claims and lineage not in (None, *known) and evidence.whole:
            yield Finding(path.as_posix(), "no statement has the lineage id that it carries")


def _stale(reader: Path, read: str, repository: Repository) -> Finding:
    output = repository.statements[reader].subject[0].name
    return Finding(output, f"made from other content of {read}; make it again")


def _unclaimed(folder: Path, repository: Repository) -> Iterator[Path]:
    """Files and folders that belong to no output."""
    for path in sorted(folder.iterdir()):
        if path in repository.claims or path.name == STAMP:
            continue
        if any(path in output.parents for output in repository.claims):
            yield from _unclaimed(path, repository)
        else:
            yield path
