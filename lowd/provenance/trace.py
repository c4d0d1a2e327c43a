"""From a file down to all that it was made from, and which of the links still hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lowd.provenance.drift import Drift, drifts
from lowd.provenance.history import History, first_with
from lowd.provenance.in_toto import Resource
from lowd.provenance.links import Content, Link, State, check, contents
from lowd.provenance.lock import Lock, read_lock
from lowd.provenance.repository import Repository
from lowd.provenance.statement import ROOT, Statement


@dataclass(frozen=True)
class Made:
    """One job of the chain.

    Attributes:
        statement: whether the statement is as the job left it.
        stated: what it says.
        code: whether what the job ran is here or in a commit; named by the code digest.
        commit: whether it is in this repository; None if the job saw no git.
        inputs: by role, whether they are what the job read.
    """

    statement: Link
    stated: Statement
    code: Link
    commit: Link | None
    inputs: dict[str, tuple[Link, ...]]

    @property
    def links(self) -> Iterator[Link]:
        """All of them."""
        yield from (self.statement, self.code)
        if self.commit is not None:
            yield self.commit
        for links in self.inputs.values():
            yield from links


@dataclass(frozen=True)
class Trace:
    """The chain below one file.

    Attributes:
        file: whether it is what its job left.
        maker: that job.
        jobs: all jobs of the chain, by their statement.
        makers: by file of the chain, the job that made it; the user's own files have none.
    """

    file: Link
    maker: Path
    jobs: dict[Path, Made]
    makers: dict[str, Path]

    @property
    def verified(self) -> bool:
        """Whether every link is."""
        links = [self.file, *(link for job in self.jobs.values() for link in job.links)]
        return all(link.state is State.VERIFIED for link in links)


def find(file: Path, repository: Repository, lineage: str | None) -> Path:
    """The output that `file` is, or lies in, or is a copy of.

    Args:
        file: its path from the repository's root.
        repository: the statements to look in.
        lineage: the lineage id that the file carries.

    Raises:
        ValueError: no statement says what made it.
    """
    output = repository.output_around(file)
    if output is not None:
        return output
    copied = [one for one in repository.statements.values() if one.lineage == lineage]
    if not copied:
        raise ValueError(_unknown(file, repository, lineage))
    content = contents([file])[file]
    outputs = [output for one in copied for output in one.subject]
    same = [output for output in outputs if output.digests == content]
    alike = [output for output in outputs if output.path.suffix == file.suffix]
    return [*same, *alike, *outputs][0].path


def trace(
    file: Path, repository: Repository, lineage: str | None = None, via: Path | None = None
) -> Trace:
    """Follow `file` to its seeds, sources and commits; hashes every file of the chain.

    Args:
        file: as for `find`, and the next two.
        repository: the statements that make the chain.
        lineage: the lineage id that the file carries.
        via: a statement of the chain; jobs that it does not depend on, nor feeds, are left out.

    Raises:
        ValueError: no statement says what made the file; or DVC's lock is damaged, and needed.
    """
    output = find(file, repository, lineage)
    is_copy = repository.output_around(file) is None
    maker = repository.claims[output][0]
    read = _selected(maker, via, repository)
    path = file if is_copy else output
    now = contents([path, *(one.path for each in read.values() for one in each)])
    lock = read_lock() if None in now.values() else Lock()
    link = check(path, repository.stated(output), now[path], lock)
    made = {one: repository.statements[one] for one in read}
    since = zip(made.items(), drifts(made.values(), repository.history), strict=True)
    found = {one.path: repository.maker(one.path) for each in read.values() for one in each}
    return Trace(
        file=_copied(link, output) if is_copy else _carrying(link, made[maker], lineage),
        maker=maker,
        jobs={
            one: Made(
                statement=_statement(one, repository),
                stated=stated,
                code=_code(stated, drift, repository.history),
                commit=_commit(stated, repository.history),
                inputs=_inputs(read[one], repository, now, lock),
            )
            for (one, stated), drift in since
        },
        makers={name.as_posix(): one for name, one in found.items() if one is not None},
    )


def _unknown(file: Path, repository: Repository, lineage: str | None) -> str:
    hints = [f"no statement says what made {file}"]
    if not file.exists():
        hints.append("there is no such file either")
    if repository.damaged:
        hints.append(f"damaged are {', '.join(map(str, repository.damaged))}")
    if lineage is not None and (commit := first_with(lineage, ROOT.as_posix())) is not None:
        hints.append(f"commit {commit} has one: check that out, and trace it there")
    return "; ".join(hints)


def _selected(
    start: Path, via: Path | None, repository: Repository
) -> dict[Path, tuple[Resource, ...]]:
    """The inputs to follow of every job below `start`, or of those that have to do with `via`."""
    read = {
        one: sum(repository.statements[one].inputs.values(), ()) for one in repository.chain(start)
    }
    if via is None:
        return read
    users = _users(repository, read)
    above, pending = {via}, [via]
    while pending:
        new = users[pending.pop()] - above
        above |= new
        pending += new
    for one in above - {via}:
        read[one] = tuple(each for each in read[one] if repository.maker(each.path) in above)
    followed = above.union(repository.chain(via))
    return {one: each for one, each in read.items() if one in followed}


def _users(repository: Repository, statements: Iterable[Path]) -> defaultdict[Path, set[Path]]:
    """By statement, those of the jobs that read what its job made."""
    found = defaultdict(set)
    for one in statements:
        for maker in repository.makers(one):
            found[maker].add(one)
    return found


def _copied(link: Link, output: Path) -> Link:
    """The link of a file that only its lineage id ties to an output."""
    says = "a copy of" if link.state is State.VERIFIED else "other bytes, but the lineage id, of"
    return Link(link.name, link.state, f"{says} {output}")


def _carrying(link: Link, stated: Statement, lineage: str | None) -> Link:
    """The link of a file, given the lineage id that it carries."""
    if link.state is State.VERIFIED and lineage not in (None, stated.lineage):
        return Link(link.name, State.CHANGED, "its lineage id is not that of its statement")
    return link


def _inputs(
    read: Iterable[Resource], repository: Repository, now: dict[Path, Content], lock: Lock
) -> dict[str, tuple[Link, ...]]:
    links: dict[str, tuple[Link, ...]] = {}
    for one in read:
        link = check(one.path, one.digests, now[one.path], lock)
        if one.path in repository.gaps:
            link = Link(link.name, State.MISSING, "no statement says what made it")
        elif one.path in repository.claims and repository.stated(one.path) != one.digests:
            left = f"{repository.maker(one.path)} says it was left otherwise"
            link = Link(link.name, State.CHANGED, left)
        links[one.role] = (*links.get(one.role, ()), link)
    return links


def _statement(path: Path, repository: Repository) -> Link:
    if path in repository.edited:
        return Link(path.as_posix(), State.CHANGED, "edited after it was written")
    return Link(path.as_posix(), State.VERIFIED)


def _code(stated: Statement, drift: Drift, history: History | None) -> Link:
    if drift.lost:
        names = ", ".join(drift.lost)
        if history is not None and history.shallow:
            return Link(stated.code, State.NOT_LOCAL, f"{names}: not in this shallow clone")
        return Link(stated.code, State.CHANGED, f"since: {names}")
    if drift.uncommitted:
        return Link(stated.code, State.VERIFIED, f"uncommitted: {', '.join(drift.uncommitted)}")
    if drift.changed:
        return Link(
            stated.code, State.VERIFIED, f"in git; changed since: {', '.join(drift.changed)}"
        )
    return Link(stated.code, State.VERIFIED)


def _commit(stated: Statement, history: History | None) -> Link | None:
    """The link to the commit, which a clone has only if a branch or a tag leads to it."""
    if stated.commit is None:
        return None
    digest, dirty = stated.commit
    if history is None:
        return Link(digest, State.NOT_LOCAL, "no git here")
    if digest in history.commits:
        return Link(digest, State.VERIFIED, "with uncommitted changes" if dirty else "")
    if history.shallow:
        return Link(digest, State.NOT_LOCAL, "left out of this shallow clone")
    return Link(digest, State.MISSING, "on no branch and under no tag")
