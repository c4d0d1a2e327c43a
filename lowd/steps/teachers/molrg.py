"""A mixture of low-rank Gaussians, known and sampled exactly."""

from pathlib import Path

from lowd.distributions.molrg import MoLRG
from lowd.sources.settings import MoLRGTeacher
from lowd.steps.teachers.mixture import load as load
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import save_checkpoint
from lowd.streams import stream


def make(settings: MoLRGTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Draw the subspaces."""
    mixture = MoLRG.random(
        settings.clusters, settings.dimension, settings.rank, stream(seed, "teacher")
    )
    save_checkpoint(folder / WEIGHTS, {"bases": mixture.bases}, {"kind": "molrg"})
