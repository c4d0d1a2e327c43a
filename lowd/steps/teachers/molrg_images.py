"""A mixture of low-rank Gaussians whose samples are laid out as images."""

from pathlib import Path

import torch
from torch import Tensor

from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.molrg import MoLRG
from lowd.sources.settings import MoLRGImagesTeacher
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.streams import stream


def make(settings: MoLRGImagesTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Draw the subspaces."""
    mixture = MoLRG.random(
        settings.clusters, settings.dimension, settings.rank, stream(seed, "teacher")
    )
    metadata = {"kind": "molrg_images", "shape": settings.shape}
    save_checkpoint(folder / WEIGHTS, {"bases": mixture.bases}, metadata)


def load(folder: Path, device: torch.device) -> Teacher:
    """Its exact denoiser and exact samples, which pixels one after another are a vector of."""
    tensors, metadata = load_checkpoint(folder / WEIGHTS)
    mixture = MoLRG(tensors["bases"]).to(device)

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        vectors = mixture.sample(n, generator).float().cpu()
        return vectors.reshape(n, *metadata["shape"])

    return Teacher(mixture.denoise, sample)
