"""A table of samples, one row a cell, as the results of a transition study."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import yaml
from pydantic import NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from lowd.base import Settings
from lowd.evaluation.comparing import most_similar
from lowd.evaluation.describing import Described
from lowd.evaluation.evaluate import Choices, Yardstick, yardstick
from lowd.evaluation.threshold import Threshold
from lowd.evaluation.watching import unwatched
from lowd.metrics.authenticity import authenticity
from lowd.metrics.data_copying import data_copying
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
from lowd.steps.scoring import tabulate
from lowd.steps.transitions import transitions

TABLES = (".csv", ".yaml", ".yml")
FILES = ("generated", "training", "teacher", "empirical", "held_out")
PAIR = "{}|{}"
NOTHING = Estimate(nan, nan)

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


@dataclass(frozen=True, eq=False)
class Scored:
    """A cell's samples and all that they are compared with."""

    row: Row
    generated: Described
    training: Described
    teacher: Described | None
    empirical: Described | None
    held_out: Described | None


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


def evaluate_table(path: Path, choices: Choices) -> xr.Dataset:
    """Cells of a transition study, from samples that were made elsewhere.

    Descriptor and threshold are fitted to the largest training set, of the first row that has it.
    RP is of samples of the same noises, so every row must have them in the same order. What a row
    lacks is NaN, and so is RP on the same training set where it is another, and the reverse.

    Returns:
        As `lowd.open_results` of a transition study, without the controls of its `plane`.

    Raises:
        OSError, ValueError: as `read_table` and `lowd.evaluate`; the message names the row.
    """
    rows = read_table(path)
    largest = max(rows, key=lambda row: row.N)
    position = rows.index(largest) + 1
    try:
        fitted = yardstick(largest.training, largest.held_out, choices)
    except (ValueError, OSError) as error:
        raise ValueError(f"{path}: row {position}: {_said(error)}") from None
    cells = _describe(path, rows, fitted)
    return _tabulate(cells, fitted.threshold, fitted.describe.name)


def warnings_of(path: Path, results: xr.Dataset) -> list[str]:
    """What of a study's figures these results are too few for."""
    if results.sizes["replicate"] < 2:
        return [f"{path}: one replicate, and figures need two: they show how far replicates differ"]
    if results.sizes["N"] < 2:
        return [f"{path}: one N, and figures need two"]
    return []


def _describe(path: Path, rows: Sequence[Row], fitted: Yardstick) -> dict[Cell, Scored]:
    described: dict[str, Described] = {}

    def read(position: int, key: str, text: str | None) -> Described | None:
        if text is None:
            return None
        if text not in described:
            try:
                described[text] = fitted.describe(fitted.opened(text))
            except (ValueError, OSError) as error:
                raise ValueError(f"{path}: row {position}: {key}: {_said(error)}") from None
        return described[text]

    cells: dict[Cell, Scored] = {}
    for position, row in enumerate(rows, 1):
        sets = {key: read(position, key, getattr(row, key)) for key in FILES}
        _check_noises(path, position, sets, cells)
        cells[row.cell] = Scored(row, **sets)  # type: ignore[arg-type]
        fitted.choices.watch("describing rows", position, len(rows))
    return cells


def _check_noises(
    path: Path,
    position: int,
    sets: Mapping[str, Described | None],
    cells: Mapping[Cell, Scored],
) -> None:
    first = next(iter(cells.values())).generated if cells else sets["generated"]
    for key in ("generated", "teacher", "empirical"):
        one = sets[key]
        if one is not None and first is not None and len(one.features) != len(first.features):
            raise ValueError(
                f"{path}: row {position}: {key}: {len(one.features)} samples, but "
                f"{first.samples.name} of the first row has {len(first.features)}; all must come "
                "from the same noises"
            )


def _tabulate(cells: Mapping[Cell, Scored], threshold: Threshold, descriptor: str) -> xr.Dataset:
    rows = [cell.row for cell in cells.values()]
    parameters = {row.name: row.parameters for row in rows}
    models = sorted(parameters, key=lambda name: parameters[name])
    sizes = sorted({row.N for row in rows})
    replicates = sorted({row.replicate for row in rows})
    tau = threshold.value
    pairs = list(combinations(replicates, 2))
    same = list(combinations(models, 2))

    def over_cells(score: Callable[[Scored], Estimate]) -> list[Any]:
        return [
            [
                [score(cells[m, n, r]) if (m, n, r) in cells else NOTHING for r in replicates]
                for n in sizes
            ]
            for m in models
        ]

    def over_sets(score: Callable[[Scored], Estimate]) -> list[Any]:
        """Of what is no model's: of the first that has it."""
        found: defaultdict[tuple[int, int], Estimate] = defaultdict(lambda: NOTHING)
        for _, n, r in cells:
            for m in models:
                if (n, r) not in found and (m, n, r) in cells:
                    estimate = score(cells[m, n, r])
                    if estimate is not NOTHING:
                        found[n, r] = estimate
        return [[found[n, r] for r in replicates] for n in sizes]

    def pair(metric: Callable[..., Estimate], one: Cell, other: Cell, alike: bool) -> Estimate:
        if one not in cells or other not in cells:
            return NOTHING
        ours, theirs = cells[one], cells[other]
        if (ours.training.samples.content == theirs.training.samples.content) != alike:
            return NOTHING
        return metric(ours.generated.features, theirs.generated.features, tau)

    variables: dict[str, xr.Variable] = {}
    for name, score in _of_cells(tau).items():
        variables |= tabulate(name, ("model", "N", "replicate"), over_cells(score))
    for name, score in _of_sets(tau).items():
        variables |= tabulate(name, ("N", "replicate"), over_sets(score))
    for suffix, metric in {"": reproducibility, "_chance": reproducibility_chance}.items():
        variables |= tabulate(
            f"rp_disjoint{suffix}",
            ("model", "N", "disjoint_pair"),
            [
                [[pair(metric, (m, n, a), (m, n, b), False) for a, b in pairs] for n in sizes]
                for m in models
            ],
        )
        if same:
            variables |= tabulate(
                f"rp_same{suffix}",
                ("same_pair", "N", "replicate"),
                [
                    [[pair(metric, (a, n, r), (b, n, r), True) for r in replicates] for n in sizes]
                    for a, b in same
                ],
            )
    coordinates: dict[str, Any] = {
        "model": models,
        "N": sizes,
        "replicate": replicates,
        "parameters": ("model", [parameters[name] for name in models]),
        "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
    }
    if same:
        coordinates["same_pair"] = [PAIR.format(a, b) for a, b in same]
    found = xr.Dataset(variables, coordinates)
    if len(sizes) > 1 and pairs:
        found = found.merge(transitions(found))
    found.attrs = {
        "descriptor": descriptor,
        "threshold": tau,
        "threshold_rule": threshold.rule,
        "warnings": list(threshold.warnings),
    }
    return found


def _of_cells(tau: float) -> dict[str, Callable[[Scored], Estimate]]:
    rp = partial(reproducibility, threshold=tau)
    chance = partial(reproducibility_chance, threshold=tau)
    pfd = probability_flow_distance
    return {
        "e_gen": lambda cell: _measured(pfd, cell.generated, cell.teacher),
        "e_mem": lambda cell: _measured(pfd, cell.generated, cell.empirical),
        "e_gap": lambda cell: _measured(
            probability_flow_gap, cell.generated, cell.teacher, cell.empirical
        ),
        "gl": lambda cell: _gl(cell.generated, cell.training, tau),
        "rp_emp": lambda cell: _measured(rp, cell.generated, cell.empirical),
        "rp_emp_chance": lambda cell: _measured(chance, cell.generated, cell.empirical),
        "authenticity": lambda cell: _measured(authenticity, cell.generated, cell.training),
        "frechet": lambda cell: _measured(frechet_distance, cell.generated, cell.held_out),
        "kid": lambda cell: _measured(kernel_distance, cell.generated, cell.held_out),
        "data_copying": lambda cell: _measured(
            data_copying, cell.generated, cell.held_out, cell.training
        ),
    }


def _of_sets(tau: float) -> dict[str, Callable[[Scored], Estimate]]:
    return {
        "e_emp": lambda cell: _measured(probability_flow_distance, cell.empirical, cell.teacher),
        "gl_teacher": lambda cell: _gl(cell.teacher, cell.training, tau),
    }


def _measured(metric: Callable[..., Estimate], *sets: Described | None) -> Estimate:
    """The metric, or NaN where a row lacks what it compares."""
    features = [one.features for one in sets if one is not None]
    return metric(*features) if len(features) == len(sets) else NOTHING


def _gl(samples: Described | None, training: Described, tau: float) -> Estimate:
    if samples is None:
        return NOTHING
    similarity, _ = most_similar(samples.features, training, 1, unwatched, "")
    return proportion(similarity[:, 0] <= tau)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def cells(results: xr.Dataset) -> dict[str, Any]:
    """Scores of every cell that was given, as JSON has them, and slopes where there are any."""
    dims = ("model", "N", "replicate")
    names = [str(name) for name in results.data_vars if results[name].dims == dims]
    names = [name for name in names if f"{name}_se" in results]
    found = []
    for at in np.ndindex(*(results.sizes[dim] for dim in dims)):
        cell = results[names].isel(dict(zip(dims, at, strict=True)))
        if np.isnan(cell["gl"]):
            continue
        errors = results[[f"{name}_se" for name in names]].isel(dict(zip(dims, at, strict=True)))
        found.append(
            {dim: cell[dim].item() for dim in dims}
            | {"parameters": cell["parameters"].item()}
            | {
                "scores": {
                    name: {
                        "value": cell[name].item(),
                        "standard_error": errors[f"{name}_se"].item(),
                    }
                    for name in names
                    if np.isfinite(cell[name])
                }
            }
        )
    slopes = {
        rule: [results[f"slope_{rule}{end}"].item() for end in ("", "_low", "_high")]
        for rule in ("e", "gl", "rp")
        if f"slope_{rule}" in results and np.isfinite(results[f"slope_{rule}"])
    }
    return dict(results.attrs) | {"cells": found, "slopes": slopes}
