"""Running a step: its lineage id before, its statement after."""

import inspect
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowd.base import Settings
from lowd.cli.devices import claim_one, computes_on_device, usable_devices, visible_devices
from lowd.cli.fits import check_stack
from lowd.graph.own import add_own_modules
from lowd.models.admission import admit, networks_in
from lowd.progress import WATCHED
from lowd.store.atomic import staged
from lowd.store.cells import Cells
from lowd.table import step_of

if TYPE_CHECKING:
    from lowd.provenance.record import Job
    from lowd.provenance.snapshot import Snapshot

PRIVATE = ("output", "scratch")
"""Paths that are no inputs of a step."""
LINEAGE, EARLIER_CELLS = COMPUTED = "lineage", "cells"
"""The keywords by which a step asks for its lineage id, to embed it in what it makes, and for the
cells that earlier jobs have made."""


def run(
    step: Callable[..., None], settings: Settings, paths: dict[str, Any], statement: Path | None
) -> None:
    """Run a step on its paths; leave its statement at `statement`, if that is given.

    A statement that is there already is about outputs that the step is to replace. It is taken
    away meanwhile, so that none speaks of other outputs after a kill; it is put back if the step
    fails, which replaces nothing.

    Raises:
        ValueError, OSError: as the step does; or an input can't be read, or the statement can't
            be written, of which the step is spared the work.
    """
    asked = inspect.signature(step).parameters.keys() & set(COMPUTED)
    claim_device_for(settings)
    admit_own(settings, paths)
    if statement is None:
        check_stack(settings, paths, None, Cells())
    if statement is None and LINEAGE not in asked:
        return step(settings, **paths)
    job = take_down(step, settings, paths, listed(paths["output"]) if statement is not None else [])
    if LINEAGE in asked:
        paths = {**paths, LINEAGE: job.lineage}
    if statement is None:
        return step(settings, **paths)

    from lowd.cli.kept import Known, known
    from lowd.provenance.cells import stated_cells
    from lowd.provenance.record import finish
    from lowd.provenance.statement import write_statement

    earlier = known(step.__name__, job.code) if EARLIER_CELLS in asked else Known({}, {})
    cells = Cells(job.own, earlier.places)
    check_stack(settings, paths, statement, cells)
    if EARLIER_CELLS in asked:
        paths = {**paths, EARLIER_CELLS: cells}

    watch(progress_file(statement))
    statement.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=statement.parent).close()
    before = statement.read_bytes() if statement.exists() else None
    statement.unlink(missing_ok=True)
    try:
        step(settings, **paths)
    except BaseException:
        if before is not None:
            with staged(statement) as draft:
                draft.write_bytes(before)
        raise
    write_statement(statement, finish(job, stated_cells(cells.groups, earlier.makers)))


def progress_file(statement: Path) -> Path:
    """Where the job that leaves `statement` tells how far it is."""
    return Path(".lowd/progress", statement.parent.name, statement.stem)


def watch(file: Path) -> None:
    """Have this process tell there how far it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.environ[WATCHED] = str(file)


def claim_device_for(settings: Settings) -> None:
    """Have this process compute the step on a GPU that no other step is on, if torch can use one.

    Raises:
        OSError: the GPU's lock can't be written.
    """
    # A teacher's module, which trains too, says nothing of steps that load it.
    if (
        visible_devices()
        and computes_on_device(step_of(settings).modules(settings))
        and (devices := usable_devices())
    ):
        claim_one(devices)


def admit_own(settings: Settings, paths: Mapping[str, Any]) -> None:
    """Let the step import modules of the user's own, and build networks that are found by name."""
    add_own_modules()
    admit((*networks_in(settings), *step_of(settings).networks(inputs_of(paths))))


def take_down(
    step: Callable[..., None],
    settings: Settings,
    paths: dict[str, Any],
    outputs: list[Path],
    snapshot: "Snapshot | None" = None,
) -> "Job":
    """What the step is about to read, run and make; raises as `begin` does."""
    from lowd.provenance.record import begin

    add_own_modules()
    inputs = inputs_of(paths)
    declared = step_of(settings)
    return begin(
        step.__name__,
        settings.model_dump(mode="json"),
        inputs={**inputs, **declared.own_files(settings, inputs)},
        outputs=outputs,
        modules=declared.modules(
            settings,
            declared.teacher_kinds(inputs),
            declared.networks(inputs),
            declared.objectives(inputs),
        ),
        streams=declared.draws(settings),
        snapshot=snapshot,
    )


def inputs_of(paths: Mapping[str, Any]) -> dict[str, list[Path]]:
    """What a step reads, by role."""
    return {role: listed(value) for role, value in paths.items() if role not in PRIVATE}


def listed(value: Path | list[Path] | None) -> list[Path]:
    """The paths of one option, which may take one, several, or have been left out."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
