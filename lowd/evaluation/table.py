"""A table of samples, one row a cell of a grid."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from lowd.base import Settings

TABLES = (".csv", ".yaml", ".yml")
FILES = ("generated", "training", "teacher", "empirical", "held_out")

Cell = tuple[str, int, int]
"""Model, N and replicate."""


class Row(Settings):
    """One cell.

    Attributes:
        name: of the model.
        N: size of its training set.
        parameters: how many it has.
        replicate: which of several training sets of this size.
        generated: its samples; in every row from the same noises, in one order.
        training: what it learned from.
        teacher: what the teacher makes of the noises.
        empirical: what the empirical distribution of `training` makes of them.
        held_out: data it did not see.
    """

    name: str
    N: PositiveInt
    parameters: PositiveInt
    replicate: NonNegativeInt = 0
    generated: str
    training: str
    teacher: str | None = None
    empirical: str | None = None
    held_out: str | None = None

    @property
    def cell(self) -> Cell:
        """Where it belongs."""
        return self.name, self.N, self.replicate


def read_table(path: Path) -> list[Row]:
    """Rows of a CSV file with a header, or a list of mappings in YAML; paths are beside the table.

    Raises:
        FileNotFoundError: there is no such table, or a file that it names.
        ValueError: a row is not as `Row` says, two are of one cell, or there are none.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = (
            [
                {key: value for key, value in row.items() if value != ""}
                for row in csv.DictReader(io.StringIO(text))
            ]
            if path.suffix == ".csv"
            else yaml.safe_load(text)
        )
    except (UnicodeDecodeError, csv.Error, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a readable table ({reason})") from None
    if not isinstance(raw, list) or not raw or not all(isinstance(one, dict) for one in raw):
        raise ValueError(
            f"{path}: no rows; give name, N, parameters, replicate, generated, training"
        )
    rows: list[Row] = []
    seen: dict[Cell, int] = {}
    counts: dict[str, int] = {}
    for position, values in enumerate(raw, 1):
        row = _row(path, position, values)
        if (before := seen.setdefault(row.cell, position)) != position:
            name, n, replicate = row.cell
            raise ValueError(
                f"{path}: rows {before} and {position}: both are name={name}, N={n}, "
                f"replicate={replicate}; remove one, or give another replicate"
            )
        if counts.setdefault(row.name, row.parameters) != row.parameters:
            raise ValueError(
                f"{path}: row {position}: parameters: {row.parameters} of {row.name}, which has "
                f"{counts[row.name]} above; give models names of their own"
            )
        rows.append(row)
    return rows


def _row(path: Path, position: int, values: Mapping[Any, Any]) -> Row:
    adapter = TypeAdapter(Row)
    if None in values:
        raise ValueError(f"{path}: row {position}: more values than the header has columns")
    try:
        row = adapter.validate_python({str(key): value for key, value in values.items()})
    except ValidationError as error:
        issue = error.errors()[0]
        key = ".".join(map(str, issue["loc"])) or "row"
        known = ", ".join(Row.model_fields)
        reason = {
            "missing": "required",
            "extra_forbidden": f"no such column; there are {known}",
        }.get(issue["type"], issue["msg"])
        raise ValueError(f"{path}: row {position}: {key}: {reason}") from None
    found = {}
    for key in FILES:
        if (text := getattr(row, key)) is None:
            continue
        name, mark, array = text.partition("::")
        if not (beside := path.parent / name).exists():
            raise FileNotFoundError(
                f"{path}: row {position}: {key}: {beside}: no such file or folder"
            )
        found[key] = f"{beside}{mark}{array}"
    return row.model_copy(update=found)
