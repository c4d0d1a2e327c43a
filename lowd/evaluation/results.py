"""What was found, as one labelled dataset and as JSON."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import xarray as xr

from lowd.evaluation.evaluate import Evaluation


def dataset(evaluations: Sequence[Evaluation]) -> xr.Dataset:
    """Scores over `generated`, and over (`generated`, `sample`) what each sample is nearest to.

    Every score `x` has its standard error `x_se`, the ends `x_low` and `x_high` of its 95 %
    interval and, where there is one, its level `x_level`. `similarity` and `ratio` are NaN, and
    `nearest` is −1, beyond the number of samples of a set; `training` names what `nearest` counts.
    """
    first = evaluations[0]
    samples = max(len(one.matches.similarity) for one in evaluations)

    def padded(values: np.ndarray, filling: float | int) -> np.ndarray:
        wide = np.full(samples, filling, values.dtype)
        wide[: len(values)] = values
        return wide

    per_sample = ("generated", "sample")
    variables: dict[str, tuple[Any, Any]] = {
        "similarity": (
            per_sample,
            np.stack([padded(one.matches.similarity, np.nan) for one in evaluations]),
        ),
        "ratio": (
            per_sample,
            np.stack([padded(one.matches.ratio, np.nan) for one in evaluations]),
        ),
        "nearest": (
            per_sample,
            np.stack([padded(one.matches.nearest, -1) for one in evaluations]),
        ),
        "sample_name": (
            per_sample,
            np.array(
                [
                    [*one.generated.labels, *[""] * (samples - one.generated.count)]
                    for one in evaluations
                ]
            ),
        ),
    }
    for name in {name: None for one in evaluations for name in one.scores}:
        found = [one.scores.get(name) for one in evaluations]
        for suffix, values in {
            "": [np.nan if s is None else s.estimate.value for s in found],
            "_se": [np.nan if s is None else s.estimate.standard_error for s in found],
            "_low": [np.nan if s is None else s.low for s in found],
            "_high": [np.nan if s is None else s.high for s in found],
            "_level": [np.nan if s is None else s.level for s in found],
        }.items():
            if suffix != "_level" or np.isfinite(values).any():
                variables[name + suffix] = (("generated",), np.array(values, np.float64))
    coordinates = {
        "generated": [one.generated.name for one in evaluations],
        "training": list(first.training.labels),
    }
    return xr.Dataset(variables, coordinates, attributes(first))


def attributes(evaluation: Evaluation) -> dict[str, Any]:
    """What scores are relative to."""
    return {
        "descriptor": evaluation.descriptor,
        "threshold": evaluation.threshold.value,
        "threshold_rule": evaluation.threshold.rule,
        "training_set": evaluation.training.name,
        "training_content": evaluation.training.content,
    }


def as_json(evaluations: Sequence[Evaluation]) -> str:
    """Scores of all sets; what each sample is nearest to stands in results.zarr."""
    first = evaluations[0]
    content = attributes(first) | {
        "chance": first.threshold.chance._asdict() if len(first.threshold.fresh) else None,
        "warnings": list(first.threshold.warnings),
        "generated": [
            {
                "name": one.generated.name,
                "content": one.generated.content,
                "samples": one.generated.count,
                "scores": {
                    score.name: {
                        "value": score.estimate.value,
                        "standard_error": score.estimate.standard_error,
                        "interval": [score.low, score.high],
                    }
                    | (
                        {"level": score.level, "level_of": score.means}
                        if score.means and isfinite(score.level)
                        else {}
                    )
                    for score in one.scores.values()
                },
            }
            for one in evaluations
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


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
