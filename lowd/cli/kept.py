"""Cells that outlive the outputs they were made in, until `lowd clean`.

Before a run replaces an output whose statement says what cells it has, or the study's manifest
removes one that params.yaml no longer declares, a link to it is kept together with its statement.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lowd.cli.due import Reasons
from lowd.graph.graph import Graph
from lowd.provenance.cells import CELLS, cells_of, earlier_jobs
from lowd.provenance.digests import digest
from lowd.provenance.statement import Statement, read_statement, statement_paths
from lowd.store.atomic import remove
from lowd.store.cells import Place

KEPT = Path(".lowd/kept")
STATEMENT = "statement.json"


class Known(NamedTuple):
    """What earlier jobs have left.

    Attributes:
        places: of cells, by their keys.
        makers: statements of the jobs that made them, by lineage id.
    """

    places: dict[str, Place]
    makers: dict[str, Statement]


def known(step: str, code: str) -> Known:
    """The kept cells that a step of this code has made, whose files are still as stated."""
    places: dict[str, Place] = {}
    makers: dict[str, Statement] = {}
    for folder, stated in _kept():
        output = stated.subject[0]
        path = folder / output.path
        is_of_it = (stated.step, stated.code) == (step, code)
        if not is_of_it or not path.exists() or digest(path) != output.digests:
            continue
        try:
            groups = cells_of(stated)
            makers |= {stated.lineage: stated} | earlier_jobs(stated)
        except ValueError:  # edited: as good as none
            continue
        for group in groups:
            for index, (key, job) in enumerate(zip(group.keys, group.jobs, strict=True)):
                places[key] = Place(path, index, job or stated.lineage)
    return Known(places, makers)


@contextmanager
def keeping(graph: Graph, everything: Graph, reasons: Reasons) -> Iterator[None]:
    """Keep what a run replaces; once it has succeeded, no more of it than is nowhere else.

    Args:
        graph: all that leads to what is asked for.
        everything: all that params.yaml declares.
        reasons: by `due`, of `graph`.
    """
    running = graph.followers(job for job in graph.jobs if job.statement in reasons)
    replaced = {job.statement for job in running}
    declared = {job.statement for job in everything.jobs}
    kept = {stated.lineage for stated in kept_statements()}
    for path in _with_cells():
        stated = read_statement(path)
        if (path in replaced or path not in declared) and stated.lineage not in kept:
            _keep(stated, path)
    try:
        yield
    except SystemExit as end:
        if not end.code:
            prune()
        raise


def prune() -> None:
    """Remove what is kept of which every cell is in an output as well."""
    current = _current()
    for folder, stated in _kept():
        if not _keys(stated) - current:
            remove(folder)


class Dropped(NamedTuple):
    """A kept output of which some cells are nowhere else.

    Attributes:
        folder: where it is kept.
        output: the name that it had.
        cells: how many of its cells are nowhere else.
        size: bytes on disk, but for files that an output has too.
    """

    folder: Path
    output: Path
    cells: int
    size: int


def dropped(everything: Graph) -> list[Dropped]:
    """All that is kept of which some cells are nowhere else, and what is of no use there.

    What a run that was cut short has yet to take up is not among it: its output is not here.

    Args:
        everything: all that params.yaml declares.
    """
    current, kept = _current(), dict(_kept())
    found = []
    for folder in sorted(KEPT.iterdir()) if KEPT.is_dir() else ():
        stated = kept.get(folder)
        cells = 0 if stated is None else len(_keys(stated) - current)
        output = folder if stated is None else stated.subject[0].path
        if everything.maker(output) is not None and not output.exists():
            continue
        files = [file.stat() for file in folder.rglob("*") if file.is_file()]
        size = sum(file.st_size for file in files if file.st_nlink == 1)
        if cells or stated is None:
            found.append(Dropped(folder, output, cells, size))
    return found


def kept_statements() -> Iterator[Statement]:
    """Of all that is kept."""
    return (stated for _, stated in _kept())


def _keys(stated: Statement) -> set[str]:
    return {key for group in cells_of(stated) for key in group.keys}


def _current() -> set[str]:
    """The keys of all cells that are in outputs."""
    found: set[str] = set()
    for path in _with_cells():
        stated = read_statement(path)
        if all(output.path.exists() for output in stated.subject):
            found |= _keys(stated)
    return found


def _with_cells() -> Iterator[Path]:
    """The statements that speak of cells, told by their bytes: most don't, and need no parsing."""
    mark = f'"name": "{CELLS}"'.encode()
    return (path for path in statement_paths() if mark in path.read_bytes())


def _kept() -> Iterator[tuple[Path, Statement]]:
    """Folders with statements that hold; others are as good as none."""
    for path in sorted(KEPT.glob(f"[!.]*/{STATEMENT}")):
        try:
            stated = read_statement(path)
            cells_of(stated)
        except (ValueError, OSError):
            continue
        yield path.parent, stated


def _keep(stated: Statement, path: Path) -> None:
    """Link the outputs of the statement at `path`, and copy it, if they are here."""
    folder = KEPT / stated.lineage[:32]
    if not all(output.path.exists() for output in stated.subject):
        return
    remove(folder)
    draft = folder.with_name(f".{folder.name}")
    remove(draft)
    for output in stated.subject:
        place = draft / output.path
        place.parent.mkdir(parents=True)
        if output.path.is_dir():
            shutil.copytree(output.path, place, copy_function=_link)
        else:
            _link(str(output.path), str(place))
    shutil.copyfile(path, draft / STATEMENT)
    draft.replace(folder)


def _link(source: str, place: str) -> None:
    try:
        os.link(os.path.realpath(source), place)
    except OSError:  # another disk, or none that knows links
        shutil.copy2(source, place)
