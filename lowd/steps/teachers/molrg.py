"""A mixture of low-rank Gaussians, known and sampled exactly."""

from pathlib import Path

import torch
from torch import Tensor

from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.molrg import MoLRG
from lowd.sources.settings import MoLRGTeacher
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.streams import stream


def make(settings: MoLRGTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Draw the subspaces."""
    mixture = MoLRG.random(
        settings.clusters, settings.dimension, settings.rank, stream(seed, "teacher")
    )
    save_checkpoint(folder / WEIGHTS, {"bases": mixture.bases}, {"kind": "molrg"})


def load(folder: Path, device: torch.device) -> Teacher:
    """Its exact denoiser and exact samples."""
    tensors, _ = load_checkpoint(folder / WEIGHTS)
    mixture = MoLRG(tensors["bases"]).to(device)

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        return mixture.sample(n, generator).float().cpu()

    return Teacher(mixture.denoise, sample)
