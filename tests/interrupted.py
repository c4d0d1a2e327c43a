"""Faults that befall one job of a copy: `arm` the copy, then name job and fault in a variable.

`arm` puts this module into the copy's own `lowd`, where it goes around every job.
"""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

VARIABLE = "LOWD_FAULT"
"""`FAULT:STATEMENT`: what befalls the job that leaves this statement."""
REACHED = Path(".lowd/interrupted")
"""A file that is there once it has."""
FAULTS = {
    "fails": "the step raises",
    "full": "disk full while it writes",
    "killed": "the step is killed",
    "stopped": "all processes are killed",
}


def arm(repository: Path) -> None:
    """Let jobs of a copy of the repository be interrupted."""
    shutil.copy(__file__, repository / "lowd/cli/interrupted.py")
    with (repository / "lowd/cli/run.py").open("a") as module:
        module.write("\n\nfrom lowd.cli.interrupted import around  # noqa: E402\n\n")
        module.write("run = around(run)\n")


def around(run: Callable[..., None]) -> Callable[..., None]:
    """`lowd.cli.run.run`, but that the job named is interrupted."""

    @wraps(run)
    def armed(step: Callable[..., None], settings: Any, paths: Any, statement: Any) -> None:
        fault, _, name = os.environ.get(VARIABLE, "").partition(":")
        if fault and name == str(statement):
            step = _at_start(step) if fault == "fails" else _at_output(step, fault, paths["output"])
        run(step, settings, paths, statement)

    return armed


def _at_start(step: Callable[..., None]) -> Callable[..., None]:
    @wraps(step)
    def failing(*_: Any, **__: Any) -> None:
        REACHED.touch()
        raise ValueError("made to fail")

    return failing


def _at_output(step: Callable[..., None], fault: str, output: Any) -> Callable[..., None]:
    """The step, interrupted when half of its last output is written."""
    last = output[-1] if isinstance(output, list | tuple) else output

    @wraps(step)
    def interrupted(*arguments: Any, **keywords: Any) -> None:
        _stage_otherwise(last, fault)
        step(*arguments, **keywords)

    return interrupted


def _stage_otherwise(last: Path, fault: str) -> None:
    from lowd.store import atomic

    staged = atomic.staged

    @contextmanager
    def interrupted(path: Path) -> Iterator[Path]:
        with staged(path) as draft:
            yield draft
            if path == last:
                _halve(draft)
                REACHED.touch()
                _befall(fault, draft)

    for module in list(sys.modules.values()):
        if getattr(module, "staged", None) is staged:
            module.staged = interrupted  # type: ignore[attr-defined]


def _halve(draft: Path) -> None:
    files = sorted(path for path in (draft, *draft.rglob("*")) if path.is_file())
    for path in files[1::2]:
        path.unlink()
    os.truncate(files[0], files[0].stat().st_size // 2)


def _befall(fault: str, draft: Path) -> None:
    match fault:
        case "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(draft))
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stopped":
            os.killpg(0, signal.SIGKILL)
    raise ValueError(f"{VARIABLE}: no fault {fault!r}")
