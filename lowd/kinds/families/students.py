"""Samples of the students of families, two training sets and two seeds each."""

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lowd.store.arrays import read_store

Student = tuple[str, int, int]
"""Family, training set, seed."""
STREAMS = tuple(product((0, 1), (0, 1)))
"""Training set and seed of a family's students."""


class Students(NamedTuple):
    """Samples of each (noise, *shape), NaN of those that diverged, and which these are."""

    images: dict[Student, np.ndarray]
    diverged: set[Student]


def read_students(names: Sequence[str], generated: Sequence[Path]) -> Students:
    """The students of every family; the log names what diverged."""
    found = Students({}, set())
    for name, path in zip(names, generated, strict=True):
        samples = read_store(path, finite=False)["samples"].isel({"N": 0})
        for data, seed in STREAMS:
            made = samples.sel(replicate=data, seed=seed).values
            if not np.isfinite(made).all():
                found.diverged.add((name, data, seed))
                made = np.full_like(made, np.nan)
                print(
                    f"{path}: the student of training set {data} and seed {seed} diverged, and "
                    f"scores of {name} are NaN; lower its learning rate",
                    file=sys.stderr,
                )
            found.images[name, data, seed] = made
    return found
