"""Mixtures of low-rank Gaussians in files, and as teachers."""

from pathlib import Path

import torch
from torch import Tensor

from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.molrg import MoLRG
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint


def read_mixture(folder: Path) -> MoLRG:
    """The mixture that a teacher is, of any kind of mixture."""
    tensors, _ = load_checkpoint(folder / WEIGHTS)
    return MoLRG(tensors["bases"], variances=tensors.get("variances"))


def load(folder: Path, device: torch.device) -> Teacher:
    """Its exact denoiser and exact samples; as images, whose pixels are a vector one after another.

    They are images where the file says their shape.
    """
    _, metadata = load_checkpoint(folder / WEIGHTS)
    mixture = read_mixture(folder).to(device)

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        vectors = mixture.sample(n, generator).float().cpu()
        return vectors.reshape(n, *metadata["shape"]) if "shape" in metadata else vectors

    return Teacher(mixture.denoise, sample)
