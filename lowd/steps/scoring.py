"""From stores of samples to labelled tables of estimates."""

from collections.abc import Callable, Sequence
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from torch import Tensor

from lowd.metrics.descriptors import Descriptor
from lowd.metrics.estimate import Estimate
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_store

Cell = tuple[int, int]
"""(N, replicate)."""

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


def measure(metric: Callable[..., Estimate], *features: Tensor | None) -> Estimate:
    """The metric, or NaN if one of the models diverged."""
    if any(f is None for f in features):
        return Estimate(nan, nan)
    return metric(*features)


def tabulate(name: str, dims: Sequence[str], estimates: Sequence[Any]) -> dict[str, xr.Variable]:
    """Nested lists of estimates as the variables `name` and `name`_se."""
    table = np.array(estimates, dtype=np.float64).reshape(*np.shape(estimates)[: len(dims)], 2)
    return {
        name: xr.Variable(dims, table[..., 0]),
        f"{name}_se": xr.Variable(dims, table[..., 1]),
    }
