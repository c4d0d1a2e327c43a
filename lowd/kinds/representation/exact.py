"""What the exact denoiser of a mixture makes of its classes, over noise levels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lowd.kinds.representation.reading import INPUTS, Points
from lowd.metrics.class_snr import class_snr
from lowd.metrics.estimate import proportion
from lowd.steps.scoring import tabulate
from lowd.steps.teachers.mixture import read_mixture
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import load_checkpoint
from lowd.theory.class_snr import snr_formula


def subspaces(teacher: Path) -> Float[Tensor, "class feature direction"]:
    """Those of the classes of a mixture with variance off them."""
    tensors, metadata = load_checkpoint(teacher / WEIGHTS)
    return tensors["bases"][:, :, : metadata["rank"]]


def exact_scores(teacher: Path, sigmas: Sequence[float], points: Points) -> xr.Dataset:
    """Its signal-to-noise ratio with the formula, and the nearest subspaces of its outputs."""
    _, metadata = load_checkpoint(teacher / WEIGHTS)
    mixture, bases = read_mixture(teacher), subspaces(teacher)
    own = torch.arange(len(points.labels))
    snr: list[list[Any]] = [[], []]
    accuracy: list[list[Any]] = [[], []]
    confidence, formula = [], []
    for sigma in sigmas:
        for at, name in enumerate(INPUTS):
            made = mixture.denoise(points.at(name, sigma).double(), sigma)
            snr[at].append(class_snr(made, points.labels, bases))
            nearest = (made @ bases).square().sum(dim=2).argmax(dim=0)
            accuracy[at].append(proportion(nearest == points.labels))
        weight = float(mixture.posterior(points.every, sigma)[own, points.labels].mean())
        confidence.append(weight)
        formula.append(snr_formula(sigma, len(bases), metadata["delta"], weight))
    dims = ("input", "sigma")
    return xr.Dataset(
        {
            **tabulate("snr_exact", dims, snr),
            **tabulate("accuracy_exact", dims, accuracy),
            "confidence": ("sigma", confidence),
            "snr_formula": ("sigma", formula),
        }
    )
