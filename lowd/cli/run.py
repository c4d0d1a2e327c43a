"""Running a step: its lineage id before, its statement after."""

import inspect
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lowd.base import Settings

PRIVATE = ("output", "scratch")
"""Paths that are no inputs of a step."""
COMPUTED = "lineage"
"""The keyword by which a step asks for its lineage id, to embed it in what it makes."""


def run(
    step: Callable[..., None], settings: Settings, paths: dict[str, Any], statement: Path | None
) -> None:
    """Run a step on its paths; leave its statement at `statement`, if that is given.

    Raises:
        ValueError, OSError: as the step does; or an input can't be read, or the statement can't
            be written, of which the step is spared the work.
    """
    # Teachers of the user's own are modules in inputs/.
    if (own := str(Path.cwd() / "inputs")) not in sys.path:
        sys.path.insert(0, own)
    asked = COMPUTED in inspect.signature(step).parameters
    if statement is None and not asked:
        return step(settings, **paths)

    from lowd.jobs import modules, own_files, streams, teacher_kind
    from lowd.provenance.record import begin, finish
    from lowd.provenance.statement import write_statement

    inputs = {role: _listed(value) for role, value in paths.items() if role not in PRIVATE}
    job = begin(
        step.__name__,
        settings.model_dump(mode="json"),
        inputs={**inputs, **own_files(settings, inputs)},
        outputs=_listed(paths["output"]) if statement is not None else (),
        modules=modules(settings, teacher_kind(settings, inputs)),
        streams=streams(settings),
    )
    if statement is not None:
        statement.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=statement.parent).close()
    if asked:
        paths = {**paths, COMPUTED: job.lineage}
    step(settings, **paths)
    if statement is not None:
        write_statement(statement, finish(job))


def _listed(value: Path | list[Path] | None) -> list[Path]:
    """The paths of one option, which may take one, several, or have been left out."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
