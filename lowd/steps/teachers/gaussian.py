"""A Gaussian of a given spectrum, known and sampled exactly."""

from math import prod
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from scipy.fft import idct
from torch import Tensor

from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG
from lowd.distributions.spectra import spectrum
from lowd.sources.gaussian_settings import GaussianTeacher
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.streams import stream


def make(settings: GaussianTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Lay its spectrum along its axes."""
    dimension = prod(settings.shape)
    if settings.axes == "cosines":
        axes = cosines(settings.shape)
    else:
        axes = MoLRG.random(1, dimension, dimension, stream(seed, "teacher")).bases[0]
    variances = torch.tensor(
        spectrum(dimension, settings.spikes, settings.decay), dtype=torch.float64
    )
    metadata = {"kind": "gaussian", "shape": settings.shape}
    save_checkpoint(folder / WEIGHTS, {"axes": axes, "variances": variances}, metadata)


def load(folder: Path, device: torch.device) -> Teacher:
    """Its exact denoiser and exact samples."""
    _, metadata = load_checkpoint(folder / WEIGHTS)
    axes, variances = read_axes(folder)
    law = Gaussian(torch.zeros(*metadata["shape"]), (axes * variances) @ axes.mT).to(device)

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        return law.sample(n, generator).cpu()

    return Teacher(law.denoise, sample)


def read_axes(
    folder: Path,
) -> tuple[Float[Tensor, "feature direction"], Float[Tensor, " direction"]]:
    """The principal axes of such a teacher, as columns, and the variances along them, both float64.

    The largest variance comes first.
    """
    tensors, _ = load_checkpoint(folder / WEIGHTS)
    return tensors["axes"], tensors["variances"]


def cosines(shape: tuple[int, ...]) -> Float[Tensor, "feature direction"]:
    """The basis of the discrete cosine transform (type II, orthonormal), of growing frequency."""
    basis, frequency = np.ones((1, 1)), np.zeros(1)
    for size in shape:
        # Column k is the k-th cosine of this axis.
        basis = np.kron(basis, idct(np.eye(size), norm="ortho", axis=0))
        frequency = np.add.outer(frequency, (np.arange(size) / size) ** 2).ravel()
    return torch.from_numpy(basis[:, np.argsort(frequency, kind="stable")].copy())
