"""A table of samples, one row a cell of a grid."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from lowd.base import Settings
from lowd.misspelt import meant
from lowd.parsing import read_yaml

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
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a readable table ({error}); save it as UTF-8") from None
    raw = _of_csv(path, text) if path.suffix == ".csv" else read_yaml(text, str(path))
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


def _of_csv(path: Path, text: str) -> list[dict[str | None, Any]]:
    """Every row as a mapping, without what is empty or cut short."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\r\n")))
    try:
        header = reader.fieldnames = [key.strip() for key in reader.fieldnames or ()]
        if twice := [key for key in header if key and header.count(key) > 1]:
            raise ValueError(f"{path}: two columns are called {twice[0]!r}; remove one")
        if len(header) == 1 and (apart := {";", "\t"} & {*header[0]}):
            raise ValueError(f"{path}: columns are separated by {apart.pop()!r}; use commas")
        return [{key: value for key, value in _stripped(row) if value} for row in reader]
    except csv.Error as error:
        raise ValueError(f"{path}: not a readable table ({error})") from None


def _stripped(row: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """Cells without spaces around; under no key stands a list of what is too much."""
    for key, value in row.items():
        yield key, value.strip() if isinstance(value, str) else value


def _row(path: Path, position: int, values: Mapping[Any, Any]) -> Row:
    adapter = TypeAdapter(Row)
    if None in values:
        raise ValueError(f"{path}: row {position}: more values than the header has columns")
    try:
        row = adapter.validate_python({str(key): value for key, value in values.items()})
    except ValidationError as error:
        # A column that is not known may be the misspelt one that is missing.
        issue = max(error.errors(), key=lambda each: each["type"] == "extra_forbidden")
        key = ".".join(map(str, issue["loc"])) or "row"
        near = meant(key, Row.model_fields) or f"; there are {', '.join(Row.model_fields)}"
        reason = {
            "missing": "required",
            "extra_forbidden": f"no such column{near}",
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
