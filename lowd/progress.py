"""How far a job is, told to whoever watches it.

A job that is watched has the name of a file in LOWD_PROGRESS, which then holds one line: what is
done, of how much, of what. Telling changes no result, so that the digest of a step's code leaves
calls of these functions out (`lowd.provenance.code`).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

WATCHED = "LOWD_PROGRESS"
INTERVAL = 0.5
"""Seconds between two lines at least: a file system has better things to do."""

_total, _unit, _done, _begun, _told = 0, "", 0, 0, 0.0

Watch: TypeAlias = Callable[[str, int, int], None]
"""Who is told, within one process, what is being done, how much of it is, and of how much."""


def unwatched(what: str, done: int, total: int) -> None:
    """Tell nobody."""


class Progress(NamedTuple):
    """How much of a job is done, of how much, counted in units such as steps."""

    done: int
    total: int
    unit: str


def report_total(total: int, unit: str) -> None:
    """Start to count up to `total`."""
    global _total, _unit, _done, _begun, _told
    _total, _unit, _done, _begun, _told = total, unit, 0, 0, 0.0


def report_begun(count: int) -> None:
    """Begin the next `count`; what was begun before is done."""
    global _done, _begun
    _done, _begun = _done + _begun, count
    _tell()


def report_done(done: int) -> None:
    """So much is done in all."""
    global _done, _begun
    _done, _begun = done, 0
    _tell()


def read_progress(file: Path) -> Progress | None:
    """What a job last told in its file; None if it told nothing yet."""
    try:
        done, total, unit = file.read_text().split(maxsplit=2)
        return Progress(int(done), int(total), unit)
    except (OSError, ValueError):  # not there, or seen while it is being written
        return None


def _tell() -> None:
    global _told
    if not _total or not (file := os.environ.get(WATCHED)) or time.monotonic() - _told < INTERVAL:
        return
    _told = time.monotonic()
    try:
        Path(file).write_text(f"{_done} {_total} {_unit}")
    except OSError:  # a job does not fail for want of a spectator
        del os.environ[WATCHED]
