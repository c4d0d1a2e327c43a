"""What today's params.yaml would make otherwise than what was made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding
    from lowd.provenance.statement import Statement

PARAMS = Path("params.yaml")


def moved_on(statements: "Mapping[Path, Statement]", strict: bool = False) -> "Iterator[Finding]":
    """Settings that are no longer those of a statement, by key; nothing without a params.yaml.

    Args:
        statements: by their paths.
        strict: whether that is a fault, and not a note.
    """
    from lowd.provenance.coherence import Finding
    from lowd.provenance.conformity import made_with_others
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
        for said in made_with_others(settings, stated.settings):
            yield Finding(path.as_posix(), said, is_fault=strict)
