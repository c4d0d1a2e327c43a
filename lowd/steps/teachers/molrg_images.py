"""A mixture of low-rank Gaussians whose samples are laid out as images."""

from pathlib import Path

from lowd.distributions.molrg import MoLRG
from lowd.sources.settings import MoLRGImagesTeacher
from lowd.steps.teachers.mixture import load as load
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import save_checkpoint
from lowd.streams import stream


def make(settings: MoLRGImagesTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Draw the subspaces."""
    mixture = MoLRG.random(
        settings.clusters, settings.dimension, settings.rank, stream(seed, "teacher")
    )
    metadata = {"kind": "molrg_images", "shape": settings.shape}
    save_checkpoint(folder / WEIGHTS, {"bases": mixture.bases}, metadata)
