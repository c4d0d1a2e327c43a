"""A table of samples as the results of a transition study."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import nan
from pathlib import Path
from typing import Any

import xarray as xr

from lowd.evaluation.comparing import most_similar
from lowd.evaluation.describing import Described
from lowd.evaluation.evaluate import Choices, Yardstick, yardstick
from lowd.evaluation.table import FILES, Cell, Row, read_table
from lowd.evaluation.threshold import Threshold
from lowd.metrics.authenticity import authenticity
from lowd.metrics.data_copying import data_copying
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.memorised_fraction import memorised_fraction
from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
from lowd.progress import unwatched
from lowd.steps.scoring import tabulate
from lowd.steps.transitions import transitions

PAIR = "{}|{}"
NOTHING = Estimate(nan, nan)


@dataclass(frozen=True, eq=False)
class Scored:
    """A cell's samples and all that they are compared with."""

    row: Row
    generated: Described
    training: Described
    teacher: Described | None
    empirical: Described | None
    held_out: Described | None


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
        "s": lambda cell: _measured(
            memorised_fraction, cell.generated, cell.teacher, cell.empirical
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
