"""Whether what a statement names is still here, and still what it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lowd.provenance.digests import Digests, digest, digest_all
from lowd.provenance.lock import Lock

Content = Digests | str | None
"""What is at a path: its digests, or why it can't be read, or nothing."""


class State(StrEnum):
    """How a link fares; `not local` is absent here, but `dvc pull` or `git fetch` may bring it."""

    VERIFIED = "verified"
    CHANGED = "changed"
    MISSING = "missing"
    NOT_LOCAL = "not local"


@dataclass(frozen=True)
class Link:
    """From a statement to one thing it names.

    Attributes:
        name: a path from the repository's root, or a commit.
        state: whether it verifies.
        reason: what there is to say about the state.
    """

    name: str
    state: State
    reason: str = ""


def contents(paths: Iterable[Path]) -> dict[Path, Content]:
    """What is at each path now; every file is read once, several at a time."""
    found: dict[Path, Content] = dict.fromkeys(paths)
    here = [path for path in found if path.is_file() or path.is_dir()]
    try:
        found |= zip(here, digest_all(here), strict=True)
    except (OSError, ValueError):
        found |= {path: _content(path) for path in here}
    return found


def check(path: Path, stated: Digests, found: Content, lock: Lock) -> Link:
    """The link to a file or folder that is stated to have some digests."""
    if found == stated:
        return Link(path.as_posix(), State.VERIFIED)
    if found is not None:
        return Link(path.as_posix(), State.CHANGED, found if isinstance(found, str) else "")
    state = State.NOT_LOCAL if lock.can_pull(path) else State.MISSING
    return Link(path.as_posix(), state)


def _content(path: Path) -> Content:
    try:
        return digest(path)
    except OSError as error:
        return f"{error.filename or path}: {error.strerror}"
    except ValueError as error:
        return str(error)
