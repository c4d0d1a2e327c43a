"""Samples of a grid of models, some of which may be missing."""

from collections.abc import Mapping, Sequence

import torch
import xarray as xr
from torch import Tensor

from lowd.kinds.external.settings import Cell
from lowd.store.arrays import sample_dims


def gridded(samples: Mapping[Cell, Tensor], sizes: Sequence[int], replicates: int) -> xr.Dataset:
    """Samples (noise, *shape) by cell as `samples` (N, replicate, noise, *shape), NaN if missing.

    Args:
        samples: of those cells that are there, at least one.
        sizes: every N.
        replicates: how many there are.
    """
    one = next(iter(samples.values()))
    missing = torch.full_like(one, torch.nan)
    grid = torch.stack(
        [
            torch.stack([samples.get((n, replicate), missing) for replicate in range(replicates)])
            for n in sizes
        ]
    )
    dims = ("N", "replicate", "noise", *sample_dims(one.shape[1:]))
    coordinates = {"N": list(sizes), "replicate": list(range(replicates))}
    return xr.Dataset({"samples": (dims, grid.numpy())}, coordinates)
