"""`lowd step training-sets`: what students that were trained elsewhere have learned from."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.kinds.external.settings import Cell, PartsOfPool, RowsOfPool, SetsSettings

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

SCALE = 5
"""By how much the scale of a training set may differ from that of the teacher's samples."""


class TrainingSetsStep(Settings):
    """Settings of the step."""

    sets: SetsSettings
    shape: tuple[int, ...]
    samples: tuple[int, ...]
    replicates: int


def training_sets(settings: TrainingSetsStep, *, pool: Path, output: Path) -> None:
    """Gather the training set of every (N, replicate) in the store `output`.

    `samples` (sample, *shape) has all of them one after another, `first` (N, replicate) where each
    begins, −1 where there is none; `shared` (N, disjoint_pair) is how many points two replicates
    share, to the bit.

    Raises:
        ValueError: a set is not of N points of the shape, or none is there.
    """
    import sys

    from lowd.store.arrays import read_store, write_store

    points = read_store(pool)["samples"].values
    if isinstance(settings.sets, PartsOfPool):
        from lowd.steps.training_sets import training_rows

        parts = training_rows(len(points), settings.samples, settings.replicates)
        sets = {cell: points[rows] for cell, rows in parts.items()}
    else:
        places = settings.sets.places(settings.samples, settings.replicates)
        sets = {
            cell: _read(settings, path, cell, points)
            for cell, path in places.items()
            if path.exists()
        }
        if not sets:
            raise ValueError(
                f"training_sets.path: none of {len(places)} files is there, such as "
                f"{next(iter(places.values()))}"
            )
        if missing := [str(path) for cell, path in places.items() if cell not in sets]:
            print(
                f"{len(missing)} of {len(places)} training sets are missing: {', '.join(missing)}",
                file=sys.stderr,
            )
    write_store(output, _dataset(settings, sets, points))


def _read(settings: TrainingSetsStep, path: Path, cell: Cell, points: "np.ndarray") -> "np.ndarray":
    """The N points of a cell."""
    from lowd.kinds.external.points import read_points, read_rows

    n, replicate = cell
    assert not isinstance(settings.sets, PartsOfPool)
    if isinstance(settings.sets, RowsOfPool):
        every = points[read_rows(path, len(points))]
    else:
        every = read_points(path, settings.shape)
        _check_units(path, every, points)
    is_own = "N" in settings.sets.named
    if len(every) < n or (is_own and len(every) > n):
        raise ValueError(
            f"{path}: {len(every)} points, and the training set of N = {n}, replicate {replicate}, "
            f"has {n}; give as many, or one file for all N, without {{N}} in its name"
        )
    return every[:n]


def _check_units(path: Path, points: "np.ndarray", pool: "np.ndarray") -> None:
    """Raise ValueError if the points' scale is another than that of the teacher's samples."""
    ours, theirs = (float((each.astype(float) ** 2).mean() ** 0.5) for each in (points, pool))
    if not theirs / SCALE <= ours <= theirs * SCALE:
        raise ValueError(
            f"{path}: values of root mean square {ours:.3g}, and the teacher's samples have "
            f"{theirs:.3g}; give points in the teacher's units"
        )


def _dataset(
    settings: TrainingSetsStep, sets: "Mapping[Cell, np.ndarray]", points: "np.ndarray"
) -> "xr.Dataset":
    from itertools import combinations

    import numpy as np
    import xarray as xr

    from lowd.store.arrays import sample_dims

    replicates = range(settings.replicates)
    pairs = list(combinations(replicates, 2))
    first = np.full((len(settings.samples), settings.replicates), -1)
    shared = np.zeros((len(settings.samples), len(pairs)), np.int64)
    contents = {cell: {point.tobytes() for point in each} for cell, each in sets.items()}
    begin = 0
    for row, n in enumerate(settings.samples):
        for replicate in replicates:
            if (n, replicate) in sets:
                first[row, replicate] = begin
                begin += n
        for column, (a, b) in enumerate(pairs):
            both = [contents.get((n, replicate), set()) for replicate in (a, b)]
            shared[row, column] = len(both[0] & both[1])
    return xr.Dataset(
        {
            "samples": (("sample", *sample_dims(settings.shape)), np.concatenate([*sets.values()])),
            "first": (("N", "replicate"), first),
            "shared": (("N", "disjoint_pair"), shared),
        },
        {
            "N": list(settings.samples),
            "replicate": list(replicates),
            "disjoint_pair": [f"{a}|{b}" for a, b in pairs],
        },
    )
