"""The points, noises and levels that every student of a study is looked at with."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.store.arrays import read_store

POINTS = 64
"""Points of a training set, fresh points of the teacher's, and noises of trajectories, each."""


@dataclass(frozen=True)
class Places:
    """What `lowd step choose-levels` left.

    Attributes:
        held_out: fresh samples of the teacher.
        noise: unit noises of training points, then of held-out ones.
        sigmas: levels, descending.
        variance: of the data, summed over a sample's numbers.
        structure: the level at which the local intrinsic dimension is read.
    """

    held_out: Float[Tensor, " point *shape"]
    noise: Float[Tensor, " noise *shape"]
    sigmas: list[float]
    variance: float
    structure: float


@dataclass(frozen=True)
class TrainingSet:
    """A student's training set, and another of the same size that shares no point with it."""

    points: Float[Tensor, " point *shape"]
    unseen: Float[Tensor, " point *shape"]


def read_places(path: Path, device: torch.device) -> Places:
    """Read them; raises as `read_store`."""
    store = read_store(path)
    held_out, noise = (
        torch.from_numpy(store[name].values).to(device) for name in ("held_out", "unit_noise")
    )
    sigmas = store["sigma"].values.tolist()
    structure = sigmas[int(store["level_structure"])]
    return Places(held_out, noise, sigmas, float(store["variance"]), structure)


def read_training_sets(
    path: Path, samples: tuple[int, ...], replicates: int, device: torch.device
) -> dict[tuple[int, int], TrainingSet]:
    """Every training set by (N, replicate), beside that of the next replicate."""
    from lowd.steps.training_sets import training_rows

    pool = torch.from_numpy(read_store(path)["samples"].values).to(device)
    rows = training_rows(len(pool), samples, replicates)
    return {
        (n, r): TrainingSet(pool[own], pool[rows[n, (r + 1) % replicates]])
        for (n, r), own in rows.items()
    }
