"""What dvc.lock records of the outputs of its stages.

Read as plain YAML: DVC itself takes half a second to start.
"""

import re
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from lowd.provenance.history import files_at

T = TypeVar("T")
LOCK, PIPELINE = Path("dvc.lock"), Path("dvc.yaml")


@dataclass(frozen=True)
class Lock:
    """Outputs of all stages.

    Attributes:
        outputs: MD5 by path, as `Digests.md5`.
        uncached: patterns of the paths that DVC keeps no copy of, because git does.
        is_lost: there was a lock, and it can't be read.
    """

    outputs: dict[Path, str] = field(default_factory=dict)
    uncached: tuple[str, ...] = ()
    is_lost: bool = False

    def record_of(self, path: Path) -> Path | None:
        """The output recorded that is `path` or has it inside."""
        return next((one for one in (path, *path.parents) if one in self.outputs), None)

    def can_pull(self, path: Path) -> bool:
        """Whether `dvc pull` may bring `path`, if someone has pushed it."""
        if (record := self.record_of(path)) is None:
            return self.is_lost
        return not any(re.fullmatch(pattern, record.as_posix()) for pattern in self.uncached)


def read_lock() -> Lock:
    """The lock of the current folder, empty if there is none.

    Raises:
        ValueError: dvc.lock or dvc.yaml is damaged.
    """
    return Lock(
        _parsed(LOCK, LOCK.read_bytes(), _outputs) if LOCK.exists() else {},
        _parsed(PIPELINE, PIPELINE.read_bytes(), _uncached) if PIPELINE.exists() else (),
    )


def refused_by_dvc() -> str:
    """Why DVC itself would refuse the lock, which says what DVC brings; nothing if it would not."""
    # DVC's loggers keep the streams that there are when it is loaded, be they redirected or not.
    with redirect_stdout(sys.__stdout__), redirect_stderr(sys.__stderr__):
        from dvc.schema import COMPILED_LOCKFILE_SCHEMA
        from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(yaml.load(LOCK.read_bytes(), yaml.SafeLoader))
    except (Invalid, yaml.YAMLError) as error:
        return " ".join(str(error).split())
    return ""


def differs_aside(lock: Lock) -> bool:
    """Whether dvc.lock is not as it was committed, though its outputs are."""
    committed = files_at([("HEAD", LOCK.as_posix())])[0]
    if committed is None or not LOCK.exists() or committed == LOCK.read_bytes():
        return False
    try:
        return _parsed(LOCK, committed, _outputs) == lock.outputs
    except ValueError:
        return False


def _parsed(path: Path, content: bytes, extract: Callable[[list[Any]], T]) -> T:
    """What `extract` finds in the `outs` of every stage in a file of DVC."""
    try:
        stages = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["stages"]
        each = [stage.get("do", stage) for stage in stages.values()]
        return extract([entry for stage in each for entry in stage.get("outs", [])])
    except (yaml.YAMLError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged ({reason}); take it back from git") from None


def _outputs(entries: list[Any]) -> dict[Path, str]:
    return {Path(entry["path"]): entry["md5"] for entry in entries}


def _uncached(entries: list[Any]) -> tuple[str, ...]:
    options = {path: each for one in entries if isinstance(one, dict) for path, each in one.items()}
    return tuple(
        # What stands in ${…} differs between the stages that a foreach makes.
        re.sub(r"\\\$\\\{.+?\\\}", ".+", re.escape(path))
        for path, each in options.items()
        if not each.get("cache", True)
    )
