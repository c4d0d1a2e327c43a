"""What git has that statements rely on: commits, and files as they were committed.

Each function is one or two calls of git, whatever the number of commits or files asked about, but
that `files_at` asks twice more of each commit that lacks a file. Each raises ValueError with git's
words if git fails. Without a repository there is nothing in it.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

from lowd.provenance.git import git


class History(NamedTuple):
    """Every commit that a branch, a tag or HEAD leads to; `shallow` if git left older ones out."""

    commits: frozenset[str]
    shallow: bool


def read_history() -> History | None:
    """The history of the repository around the current folder; None if there is none."""
    listed = git("rev-list", "--all")
    if listed is None:
        return None
    shallow = git("rev-parse", "--is-shallow-repository") == b"true\n"
    return History(frozenset(listed.decode().split()), shallow)


def files_at(wanted: Sequence[tuple[str, str]]) -> list[bytes | None]:
    """Content of each (commit, path from the current folder); None for what is not there.

    Raises:
        ValueError: a commit names a file that git has lost.
    """
    found = _blobs([f"{commit}:./{path}" for commit, path in wanted])
    absent: dict[str, list[str]] = {}
    for (commit, path), blob in zip(wanted, found, strict=True):
        if blob is None and "\n" not in path:
            absent.setdefault(commit, []).append(path)
    for commit, paths in absent.items():
        _check_not_lost(commit, paths)
    return found


def versions_ever(folder: str) -> dict[str, list[bytes]]:
    """Every content that any commit has of each file in `folder`, by the file's path."""
    selection = ["--all", "--full-history", "--objects"]
    listed = (git("rev-list", *selection, "--", folder) or b"").decode().splitlines()
    named = [line.partition(" ")[::2] for line in listed if " " in line]
    prefix = (git("rev-parse", "--show-prefix") or b"").decode().strip()
    found: dict[str, list[bytes]] = {}
    blobs = _blobs([name for name, _ in named])
    for (_, path), blob in zip(named, blobs, strict=True):
        if blob is not None:
            found.setdefault(path.removeprefix(prefix), []).append(blob)
    return found


def digests_ever(paths: Iterable[str]) -> set[str]:
    """SHA-256 of every content that any commit has of any of `paths`."""
    selection = ["--all", "--full-history", "--objects", "--no-object-names"]
    listed = git("--literal-pathspecs", "rev-list", *selection, "--", *paths) or b""
    blobs = _blobs(listed.decode().split())
    return {hashlib.sha256(blob).hexdigest() for blob in blobs if blob is not None}


def first_with(text: str, folder: str) -> str | None:
    """The commit that brought `text` into a file of `folder`; None if none did."""
    found = git("log", "--all", "--reverse", "--format=%H", f"-S{text}", "--", folder)
    return found.decode().split()[0] if found else None


def deleted(*places: str) -> list[str]:
    """Files at or below `places` that git tracks and that are gone."""
    return (git("ls-files", "-z", "--deleted", "--", *places) or b"").decode().split("\0")[:-1]


def _check_not_lost(commit: str, paths: Sequence[str]) -> None:
    """Raise ValueError if a commit has one of these: git calls `missing` what it has lost, too."""
    if git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") is None:
        return
    named = git("--literal-pathspecs", "ls-tree", "-z", commit, "--", *paths) or b""
    for entry in named.decode().split("\0")[:-1]:
        if entry.split()[1] == "blob":
            _lost(entry.partition("\t")[2])


def _lost(name: str) -> NoReturn:
    raise ValueError(f"git has lost {name}; mend the repository (`git fsck`), or clone it again")


def _blobs(objects: Sequence[str]) -> list[bytes | None]:
    """Content of the objects named; None for what is no file, or whose name git can't be asked.

    Raises:
        ValueError: git has lost an object that is named by its digest.
    """
    askable = [name for name in objects if "\n" not in name]
    answer = git("cat-file", "--batch", given="".join(f"{name}\n" for name in askable)) or b""
    found: dict[str, bytes] = {}
    position = 0
    for name in askable:
        end = answer.find(b"\n", position)
        header, position = answer[position:end].split(b" "), end + 1
        if end < 0 or not header[-1].isdigit():
            if ":" not in name:
                _lost(name)
            continue
        size = int(header[-1])
        if header[-2] == b"blob":
            found[name] = answer[position : position + size]
        position += size + 1
    return [found.get(name) for name in objects]
