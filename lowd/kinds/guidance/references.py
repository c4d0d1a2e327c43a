"""Denoisers under guidance: those of Gaussian classes, exact, and of students."""

from pathlib import Path

import torch
import xarray as xr
from jaxtyping import Float, Int
from pydantic import TypeAdapter
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.guidance import guided
from lowd.diffusion.noise_levels import sampler_levels
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers.flow import probability_flow
from lowd.distributions.class_gaussians import PARTS, ClassGaussians
from lowd.models.admission import admit
from lowd.models.build import build
from lowd.models.conditional_settings import ConditionalSettings
from lowd.store.students import load_students
from lowd.training.class_denoiser import ClassDenoiser

LINEAR = {"gaussian": PARTS, **{part: (part,) for part in PARTS}}
"""What parts of linear guidance each reference has."""
REFERENCES = (*LINEAR, "mixture")


def read_classes(store: xr.Dataset) -> ClassGaussians:
    """The Gaussians that `label_points` left."""
    given = (torch.from_numpy(store[name].values) for name in ("mean", "covariance", "weight"))
    return ClassGaussians(*given)


def unconditional(classes: ClassGaussians, labels: Int[Tensor, " noise"]) -> dict[str, Denoiser]:
    """What guidance pushes the exact conditional denoiser away from, by reference."""
    found = {name: classes.without_class(labels, parts) for name, parts in LINEAR.items()}
    return {**found, "mixture": classes.mixture.denoise}


def read_stack(checkpoint: Path, device: torch.device) -> tuple[ClassDenoiser, int]:
    """The students that `train_conditional` left, and how many.

    Raises:
        ValueError: one has diverged, or the file is another's.
    """
    students = load_students(checkpoint)
    if (students.diverged >= 0).any():
        raise ValueError(f"{checkpoint}: a student diverged; lower training.learning_rate")
    model: ConditionalSettings = TypeAdapter(ConditionalSettings).validate_python(students.model)
    admit([model])
    count = len(students.cells)
    stack = build(model, count, students.shape)
    stack.load_state_dict(students.weights)
    return ClassDenoiser(stack.to(device).eval(), model.classes, students.sigma_data), count


@torch.no_grad()
def flow(
    conditional: Denoiser,
    without: Denoiser,
    noise: Float[Tensor, "..."],
    sampler: SamplerSettings,
    weight: float,
    interval: tuple[float, float] | None = None,
) -> Float[Tensor, "..."]:
    """Where guidance carries unit noises; rows keep their places, to which classes belong."""
    between = (0.0, float("inf")) if interval is None else interval
    sigmas = sampler_levels(sampler)
    denoise = guided(conditional, without, weight, between)
    return probability_flow(denoise, sampler.sigma_max * noise, sigmas, sampler.solver)
