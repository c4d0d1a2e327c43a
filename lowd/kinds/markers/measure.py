"""What the markers of students and of controls have in common: what is read, and how it is laid."""

from collections.abc import Iterable, Iterator
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr

from lowd.diffusion.denoiser import Denoiser
from lowd.kinds.markers.passes import DIMENSIONS, OVER_LEVELS, dimensions, over_levels
from lowd.kinds.markers.places import POINTS, read_places, read_training_sets
from lowd.kinds.markers.samples import PIXELS, Known
from lowd.steps.describe import load_yardstick
from lowd.steps.scoring import Cell, read_features, read_training_features
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store
from lowd.streams import stream

if TYPE_CHECKING:
    from lowd.kinds.markers.mark import MarkStep

Group = tuple[list[Cell], Denoiser]
"""Cells, and the denoiser of their stack, of x (student, M, *shape)."""


def read_known(
    settings: "MarkStep", truth: Path, empirical: Path, pool: Path, points: Path, yardstick: Path
) -> Known:
    """What samples are compared with."""
    descriptor, threshold = load_yardstick(yardstick)
    grid = settings.samples, settings.replicates
    return Known(
        truth=descriptor(read_store(truth)["samples"].values),
        memorised=read_features(empirical, descriptor),
        training=dict(read_training_features(points, *grid, descriptor)),
        points=dict(read_training_features(pool, *grid, PIXELS)),
        threshold=threshold,
        replicates=settings.replicates,
    )


def forward_markers(
    settings: "MarkStep",
    groups: Iterable[Group],
    levels: Path,
    teacher: Path,
    pool: Path,
    noise: Path,
) -> xr.Dataset:
    """Markers that forward passes give, over (N, replicate) and, of OVER_LEVELS, sigma.

    Cells in none of the groups have NaN.
    """
    device = torch.device("cpu")
    places = read_places(levels, device)
    sets = read_training_sets(pool, settings.samples, settings.replicates, device)
    start = torch.from_numpy(read_store(noise)["noise"].values[:POINTS])
    truth = load_teacher(teacher, device).denoise
    grid = (len(settings.samples), settings.replicates)
    along = np.full((*grid, len(places.sigmas), len(OVER_LEVELS), 2), nan)
    seen = np.full((*grid, len(DIMENSIONS), 2), nan)
    for cells, denoise in groups:
        own = [sets[cell] for cell in cells]
        probes = stream("markers", settings.study, "probes")
        by_level = over_levels(denoise, own, places, truth, start, settings.sampler)
        by_point = dimensions(denoise, own, places, probes)
        for (n, r), table, row in zip(cells, by_level, by_point, strict=True):
            place = settings.samples.index(n), r
            along[place], seen[place] = table, row
        print(f"N = {cells[0][0]} to {cells[-1][0]} marked", flush=True)
    variables = {
        **dict(_named(OVER_LEVELS, ("N", "replicate", "sigma"), along)),
        **dict(_named(DIMENSIONS, ("N", "replicate"), seen)),
    }
    axes = {
        "N": list(settings.samples),
        "replicate": list(range(settings.replicates)),
        "sigma": places.sigmas,
    }
    return xr.Dataset(variables, axes)


def _named(
    names: Iterable[str], dims: tuple[str, ...], tables: np.ndarray
) -> Iterator[tuple[str, xr.Variable]]:
    for at, name in enumerate(names):
        yield name, xr.Variable(dims, tables[..., at, 0])
        yield f"{name}_se", xr.Variable(dims, tables[..., at, 1])
