"""A mixture of low-rank Gaussians with some variance in each other's subspaces.

The data model of arXiv:2502.05743.
"""

from pathlib import Path

import torch

from lowd.distributions.molrg import MoLRG
from lowd.sources.settings import NoisyMoLRGTeacher
from lowd.steps.teachers.mixture import load as load
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import save_checkpoint
from lowd.streams import stream


def make(settings: NoisyMoLRGTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Draw the subspaces; each cluster has its own first, then the others'."""
    clean = MoLRG.random(
        settings.clusters, settings.dimension, settings.rank, stream(seed, "teacher")
    )
    order = [
        [k, *(other for other in range(settings.clusters) if other != k)]
        for k in range(settings.clusters)
    ]
    bases = torch.stack([torch.cat(list(clean.bases[own]), dim=1) for own in order])
    variances = torch.full(bases.shape[::2], settings.delta**2, dtype=torch.float64)
    variances[:, : settings.rank] = 1.0
    metadata = {"kind": "noisy_molrg", "rank": settings.rank, "delta": settings.delta}
    save_checkpoint(folder / WEIGHTS, {"bases": bases, "variances": variances}, metadata)
