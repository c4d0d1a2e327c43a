"""One student among all that a figure rests on: where it is, and what it was trained on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lowd.provenance.cells import cells_of, earlier_jobs
from lowd.provenance.statement import Statement


@dataclass(frozen=True)
class Cell:
    """Coordinates of a student, as in the results."""

    model: str
    n: int
    replicate: int

    def __str__(self) -> str:
        return f"model={self.model},N={self.n},replicate={self.replicate}"


@dataclass(frozen=True)
class Student:
    """A student and its training set.

    Attributes:
        cell: its coordinates.
        checkpoint: the file with the stack that the student is in.
        index: its place in the stack.
        streams: names of its own random streams.
        pool: the store with the training set.
        first: the first of its N rows in `samples` of the pool, which follow each other.
        sha256: of these rows alone, `samples[first : first + N].tobytes()`; None if the pool is
            not here as the student saw it.
        made_by: lineage id of the job that trained it.
        made_at: when that job ended.
        commit: what git had checked out then; None if there was no git.
    """

    cell: Cell
    checkpoint: str
    index: int
    streams: tuple[str, ...]
    pool: str
    first: int
    sha256: str | None
    made_by: str
    made_at: str
    commit: str | None


def parse_cell(text: str) -> Cell:
    """Read `model=…,N=…,replicate=…`; raises ValueError if it is something else."""
    pairs = dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    if set(pairs) == {"model", "N", "replicate"} and text.count(",") == 2:
        n, replicate = pairs["N"], pairs["replicate"]
        if n.isdecimal() and replicate.isdecimal():
            return Cell(pairs["model"], int(n), int(replicate))
    raise ValueError(f"--cell: {text!r} is not model=NAME,N=NUMBER,replicate=NUMBER")


def find_training(cell: Cell, statements: Mapping[Path, Statement]) -> Path:
    """The statement among `statements` of the job that trained a cell.

    Raises:
        ValueError: no job did, or several.
    """
    named: dict[Path, Statement] = {}
    names = set()
    for path, one in statements.items():
        if one.step == "train" and {"samples", "replicates"} <= one.settings.keys():
            names.add(model := _model(one))
            if model == cell.model:
                named[path] = one
    if not named:
        there = ", ".join(sorted(names)) or "none"
        raise ValueError(f"--cell: no model {cell.model!r} below this file (there are: {there})")
    # A model's students may have been trained in several jobs, each with N's of its own.
    fitting = {
        path: one
        for path, one in named.items()
        if cell.n in one.settings["samples"] and cell.replicate < one.settings["replicates"]
    }
    if not fitting:
        sizes = sorted({n for one in named.values() for n in one.settings["samples"]})
        most = max(one.settings["replicates"] for one in named.values())
        grid = f"N of {', '.join(map(str, sizes))}; replicates 0 to {most - 1}"
        raise ValueError(f"--cell: {cell} is not in the grid of {cell.model!r}: {grid}")
    if len(fitting) > 1:
        outputs = ", ".join(one.subject[0].name for one in fitting.values())
        raise ValueError(
            f"--cell: {cell.model!r} was trained several times; trace one of {outputs}"
        )
    (path,) = fitting
    return path


def _model(training: Statement) -> str:
    """What the study calls the model, of which this may have trained a part."""
    _, _, kind, name, *_ = training.subject[0].path.parts
    return name.rsplit(".", 1)[0] if kind == "parts" else name


def find_student(cell: Cell, training: Statement, size: int | None, *, here: bool) -> Student:
    """Look a cell up in the statement of its training, and its rows in the pool.

    Args:
        cell: coordinates inside the grid.
        training: the statement.
        size: rows of the pool, if a statement says so.
        here: whether the pool is, as the student saw it; then its own size counts.

    Raises:
        ValueError: nothing says how many rows the pool had.
    """
    from lowd.steps.training_sets import training_rows

    pool = training.inputs["pool"][0].path
    samples = _samples(pool) if here else None
    if samples is not None:
        size = samples.shape[0]
    if size is None:
        raise ValueError(f"--cell: {pool} is not here, and no statement says how long it was")
    sets = training_rows(size, training.settings["samples"], training.settings["replicates"])
    rows = sets[cell.n, cell.replicate]
    index = list(sets).index((cell.n, cell.replicate))
    maker = _maker(training, index)
    return Student(
        cell=cell,
        checkpoint=training.subject[0].name,
        index=index,
        streams=tuple(
            stream.replace("{N}", str(cell.n)).replace("{replicate}", str(cell.replicate))
            for stream in training.streams
        ),
        pool=pool.as_posix(),
        first=rows.start,
        sha256=None if samples is None else hashlib.sha256(samples[rows].tobytes()).hexdigest(),
        made_by=maker.lineage,
        made_at=maker.finished.isoformat(timespec="seconds"),
        commit=None if maker.commit is None else maker.commit.digest,
    )


def _maker(training: Statement, index: int) -> Statement:
    """The statement of the job that trained a student: an earlier one, or this."""
    for group in cells_of(training):
        if job := group.jobs[index]:
            return earlier_jobs(training)[job]
    return training


def _samples(pool: Path) -> Any:
    """The array of a pool; rows are read when they are asked for."""
    import zarr

    return zarr.open_array(pool / "samples", mode="r")
