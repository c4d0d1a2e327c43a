"""Bytes that git may rewrite: clones and check-outs under settings that change ends of lines."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from places import Place, told
from repositories import commit
from rows import Row, content

HEADING = "Ends of lines"
TEXT = """\
*Lost*: a clone, or what came back from a stash or a check-out, had other bytes, or did not pass
`lowd restore`, `verify` and `audit`. *Detected*: without .gitattributes audit failed wherever bytes
had changed."""

IN_GIT = ("results", "figures", "provenance", "params.yaml", "dvc.lock", "lowd", "workflow")
SETTINGS = (
    {"core.autocrlf": "true"},
    {"core.autocrlf": "input"},
    {"core.autocrlf": "true", "core.eol": "crlf"},
    {"core.autocrlf": "false", "core.eol": "crlf"},
)


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    place.take(place.finished)
    lost = [_clone_is_another(place, settings) for settings in SETTINGS]
    yield Row("a clone with other ends of lines", "–", len(lost), None, sum(lost))
    lost = [_comes_back_otherwise(place, settings) for settings in SETTINGS]
    yield Row(
        "stashes and check-outs with other ends of lines", "–", sum(map(len, lost)), None,
        sum(map(sum, lost)),
    )  # fmt: skip
    accused = [_without_attributes(place, settings) for settings in SETTINGS]
    yield Row(
        "such a clone, where .gitattributes was removed", "audit, or nothing has changed",
        len(accused), sum(accused), 0,
    )  # fmt: skip
    place.take(place.finished)


def _git(place: Place, *arguments: str) -> bytes:
    author = ("-c", "user.name=faults", "-c", "user.email=faults@example.org")
    return subprocess.run(
        ["git", *author, *arguments], cwd=place.path, env=place.environment, check=True,
        stdout=subprocess.PIPE,
    ).stdout  # fmt: skip


def _options(settings: dict[str, str]) -> list[str]:
    return [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]


def _in_git(folder: Path) -> list[object]:
    return [content(folder / name) for name in IN_GIT]


def _clone(place: Place, settings: dict[str, str]) -> None:
    """Put a clone in the place of the repository that it is of, with DVC's cache beside."""
    origin = place.path.with_name("origin")
    shutil.rmtree(origin, ignore_errors=True)
    place.path.rename(origin)
    command = ["git", "clone", "-q", *_options(settings), str(origin), str(place.path)]
    subprocess.run(command, check=True, env=place.environment)
    shutil.copytree(origin / ".dvc/cache", place.path / ".dvc/cache")


def _passes(place: Place) -> bool:
    for command in (("restore", "exact", "images"), ("verify",), ("audit",)):
        ended = place.run("lowd", *command)
        if not told(not ended.code, f"lowd {command[0]}", ended):
            return False
    return not _git(place, "status", "--porcelain", "-uno")


def _clone_is_another(place: Place, settings: dict[str, str]) -> bool:
    place.take(place.finished)
    _clone(place, settings)
    return not (_in_git(place.path) == _in_git(place.finished) and _passes(place))


def _comes_back_otherwise(place: Place, settings: dict[str, str]) -> list[bool]:
    """After a stash that is taken back, and after another branch."""
    found = []
    place.take(place.finished)
    for key, value in settings.items():
        _git(place, "config", key, value)
    before = _in_git(place.path)
    params = place.path / "params.yaml"
    kept = params.read_bytes()
    params.write_bytes(kept + b"# mine\n")
    _git(place, "stash", "-q")
    found.append(_in_git(place.path) != before)
    _git(place, "stash", "pop", "-q")
    found.append(params.read_bytes() != kept + b"# mine\n")
    _git(place, "checkout", "-q", "--", ".")
    branch = _git(place, "branch", "--show-current").decode().strip()
    _git(place, "checkout", "-q", "--orphan", "empty")
    _git(place, "rm", "-rqf", ".")
    _git(place, "commit", "-q", "--allow-empty", "-m", "empty")
    _git(place, "checkout", "-q", branch)
    found.append(_in_git(place.path) != before or bool(place.run("lowd", "audit").code))
    return found


def _without_attributes(place: Place, settings: dict[str, str]) -> bool:
    """Whether nothing has changed, or else every statement and output that has is accused."""
    place.take(place.finished)
    (place.path / ".gitattributes").unlink()
    commit(place.repository)
    _clone(place, settings)
    place.run("dvc", "checkout")
    ended = place.run("lowd", "audit")
    return bool(ended.code) == (_in_git(place.path) != _in_git(place.finished))
