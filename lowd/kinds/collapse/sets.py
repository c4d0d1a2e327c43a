"""Training sets of a generation, and what they were chosen from, with who made each point."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from lowd.store.arrays import read_store, sample_dims, write_store

TEACHER = -1
"""The maker of the teacher's own samples, in place of a generation of students."""

Cell = tuple[int, int]
"""(N, replicate)."""


class Candidates(NamedTuple):
    """All that a training set was chosen from.

    Attributes:
        points: (point, *shape); not finite if their maker diverged.
        maker: (point,), the generation whose student made each, or TEACHER.
        chosen: (point,), whether it is in the training set.
    """

    points: np.ndarray
    maker: np.ndarray
    chosen: np.ndarray

    @property
    def training(self) -> np.ndarray:
        """The training set."""
        return self.points[self.chosen]


def write_sets(path: Path, sets: Mapping[Cell, Candidates]) -> None:
    """Write the store `path`: `samples`, `N`, `replicate`, `maker` and `chosen` over rows."""
    rows = {
        name: np.concatenate([getattr(one, name) for one in sets.values()])
        for name in ("points", "maker", "chosen")
    }
    owners = np.concatenate([np.tile(cell, (len(one.points), 1)) for cell, one in sets.items()])
    dims = ("sample", *sample_dims(rows["points"].shape[1:]))
    write_store(
        path,
        xr.Dataset(
            {
                "samples": (dims, rows["points"]),
                "N": ("sample", owners[:, 0].astype(np.int32)),
                "replicate": ("sample", owners[:, 1].astype(np.int32)),
                "maker": ("sample", rows["maker"].astype(np.int16)),
                "chosen": ("sample", rows["chosen"]),
            }
        ),
    )


def read_sets(path: Path) -> dict[Cell, Candidates]:
    """What `write_sets` wrote, N slowest; raises as `read_store` does."""
    return dict(_cells(read_store(path, finite=False)))


def _cells(store: xr.Dataset) -> Iterator[tuple[Cell, Candidates]]:
    owners = np.stack([store["N"].values, store["replicate"].values], axis=1)
    starts = np.flatnonzero(np.r_[True, (np.diff(owners, axis=0) != 0).any(axis=1)])
    for first, last in zip(starts, [*starts[1:], len(owners)], strict=True):
        n, replicate = owners[first].tolist()
        rows = slice(first, last)
        parts = (store[name].values[rows] for name in ("samples", "maker", "chosen"))
        yield (n, replicate), Candidates(*parts)
