"""From stores of samples to labelled tables of estimates."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.metrics.descriptors import Descriptor
from lowd.metrics.estimate import Estimate
from lowd.metrics.memorised_fraction import memorised_fraction
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_cells, read_store
from lowd.store.cells import Cells, content_digest

Cell = tuple[int, int]
"""(N, replicate)."""

PAIR = "{}|{}"
"""How a coordinate names a pair of replicates or models."""

Features = dict[Cell, Tensor | None]
"""Descriptors (noise, feature) of every cell; None where the student diverged."""


def read_features(path: Path, descriptor: Descriptor) -> Features:
    """Descriptors of every cell in a store of generated samples."""
    samples = read_store(path, finite=False)["samples"]
    return {
        (n, replicate): descriptor(cell) if np.isfinite(cell).all() else None
        for n, row in zip(samples["N"].values.tolist(), samples.values, strict=True)
        for replicate, cell in zip(samples["replicate"].values.tolist(), row, strict=True)
    }


def read_training_features(
    path: Path, samples: Sequence[int], replicates: int, descriptor: Descriptor
) -> dict[Cell, Tensor]:
    """Descriptors of every training set in the pool at `path`."""
    features = descriptor(read_store(path)["samples"].values)
    sets = training_rows(len(features), samples, replicates)
    return {cell: features[rows] for cell, rows in sets.items()}


def read_reference(path: Path, descriptor: Descriptor) -> Tensor:
    """Descriptors of the samples in the pool at `path` that nobody trains on."""
    return descriptor(read_store(path)["reference"].values)


def another(replicate: int) -> int:
    """The replicate whose training set stands for one unseen: the first, or the second for it.

    So no score changes when replicates are added to two.
    """
    return 0 if replicate else 1


def measure(metric: Callable[..., Estimate], *features: Tensor | None) -> Estimate:
    """The metric, or NaN if one of the models diverged."""
    if any(f is None for f in features):
        return Estimate(nan, nan)
    return metric(*features)


def fraction(ours: Tensor | None, true: Tensor, memorised: Tensor | None) -> Estimate:
    """The memorised fraction; NaN too where the memoriser does just what the teacher does."""
    if memorised is not None and torch.equal(memorised, true):
        return Estimate(nan, nan)
    return measure(memorised_fraction, ours, true, memorised)


def tabulate(name: str, dims: Sequence[str], estimates: Sequence[Any]) -> dict[str, xr.Variable]:
    """Nested lists of estimates as the variables `name` and `name`_se."""
    table = np.array(estimates, dtype=np.float64).reshape(*np.shape(estimates)[: len(dims)], 2)
    return {
        name: xr.Variable(dims, table[..., 0]),
        f"{name}_se": xr.Variable(dims, table[..., 1]),
    }


def score_cells(
    cells: Cells,
    axes: Mapping[str, Sequence[Any]],
    metrics: Mapping[str, Callable[..., Estimate]],
    depends_on: Callable[..., Mapping[str, Any]],
) -> dict[str, xr.Variable]:
    """Estimates over a grid, those of an earlier job taken over: each `name` and `name`_se.

    Args:
        cells: what was made before.
        axes: coordinates, by the names of their dimensions.
        metrics: by name, functions of a cell's coordinates.
        depends_on: of a cell's coordinates, all that the metrics there depend on: JSON values, and
            features, of which the digest counts.
    """
    grid = list(product(*axes.values()))
    keys = [cells.key(scores=list(metrics), **_digests(depends_on(*at))) for at in grid]
    names = [name for metric in metrics for name in (metric, f"{metric}_se")]
    taken = read_cells(cells.recall(tuple(axes), keys), len(axes), names)
    variables: dict[str, xr.Variable] = {}
    size = [len(values) for values in axes.values()]
    for name, metric in metrics.items():
        estimates = [
            (float(taken[place][name]), float(taken[place][f"{name}_se"]))
            if place in taken
            else metric(*at)
            for place, at in enumerate(grid)
        ]
        table = np.array(estimates, np.float64).reshape(*size, 2)
        variables |= tabulate(name, tuple(axes), table.tolist())
    return variables


def _digests(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: content_digest(value.numpy()) if isinstance(value, Tensor) else value
        for name, value in content.items()
    }
