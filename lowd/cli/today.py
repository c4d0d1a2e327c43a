"""What today's params.yaml would make otherwise than what was made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding
    from lowd.provenance.statement import Statement

PARAMS = Path("params.yaml")
SHOWN = 80
"""Characters of a value."""


def moved_on(statements: "Mapping[Path, Statement]", strict: bool = False) -> "Iterator[Finding]":
    """Settings that are no longer those of a statement, by key; nothing without a params.yaml.

    Args:
        statements: by their paths.
        strict: whether that is a fault, and not a note.
    """
    from lowd.provenance.coherence import Finding
    from lowd.provenance.conformity import differing
    from lowd.table import read_graph

    if not PARAMS.exists():
        return
    try:
        jobs = {job.statement: job for job in read_graph().jobs}
    except ValueError as error:
        yield Finding(PARAMS.as_posix(), f"refused: {str(error).splitlines()[0]}", is_fault=strict)
        return
    for path, stated in statements.items():
        if path not in jobs:
            said = "params.yaml no longer declares what it made"
            yield Finding(path.as_posix(), said, is_fault=strict)
            continue
        settings = jobs[path].settings.model_dump(mode="json")
        for key, now, before in differing(settings, stated.settings):
            yield Finding(path.as_posix(), _difference(key, now, before), is_fault=strict)


def _difference(key: str, now: Any, before: Any) -> str:
    """A setting now and then; of lists what one has and the other lacks."""
    if isinstance(now, list) and isinstance(before, list):
        new = [one for one in now if one not in before]
        gone = [one for one in before if one not in now]
        if new or gone:
            told = [f"lack {_short(new)}"] * bool(new) + [f"still have {_short(gone)}"] * bool(gone)
            return f"made with {key} that {' and '.join(told)}, otherwise than in params.yaml"
    return f"made with {key} {_short(before)}, which is {_short(now)} in params.yaml"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
