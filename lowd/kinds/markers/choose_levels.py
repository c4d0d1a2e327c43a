"""`lowd step choose-levels`: points and noise levels, from the teacher before any student."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser


class ChooseLevelsStep(Settings):
    """Settings of the step.

    Attributes:
        study: whose teacher it is; names the random streams.
        sampler: the study's, whose noise levels are those to choose from.
        exact: whether the teacher draws without it.
    """

    study: str
    sampler: SamplerSettings
    exact: bool


def choose_levels(settings: ChooseLevelsStep, *, teacher: Path, output: Path) -> None:
    """Write what every student is looked at with to the store `output`.

    `held_out` are fresh samples of the teacher and `unit_noise` noises; over sigma, `dimension`
    and `error` are the teacher's local intrinsic dimension and mean squared denoising error, a
    share of `variance`, with standard errors over points. `level_structure`, `level_half` and
    `band` are the levels chosen by the rule of `lowd.kinds.markers.levels`.
    """
    import torch
    import xarray as xr

    from lowd.diffusion.noise_levels import sampler_levels
    from lowd.geometry.local_dimension import local_dimension
    from lowd.kinds.markers.levels import choose, thinned
    from lowd.kinds.markers.places import POINTS
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import sample_dims, write_store
    from lowd.streams import stream

    known = load_teacher(teacher, torch.device("cpu"))
    sampler = settings.sampler
    held_out = known.sample(
        POINTS, stream("markers", settings.study, "held out"), None if settings.exact else sampler
    )
    drawn = stream("markers", settings.study, "noise")
    noise = torch.randn(2 * POINTS, *held_out.shape[1:], generator=drawn)
    levels = sampler_levels(sampler)
    sigmas = thinned(levels[:-1].tolist())
    variance = float(held_out.double().var(dim=0).sum())
    probes = stream("markers", settings.study, "probes")
    dimension = torch.stack(
        [local_dimension(known.denoise, held_out, sigma, probes) for sigma in sigmas]
    )
    error = _errors(known.denoise, held_out, noise[POINTS:], sigmas) / variance
    chosen = choose(dimension.mean(dim=1).numpy(), error.mean(dim=1).numpy())
    dims = sample_dims(held_out.shape[1:])
    variables = {
        f"{name}{suffix}": ("sigma", values.numpy())
        for name, points in {"dimension": dimension, "error": error}.items()
        for suffix, values in {
            "": points.mean(dim=1),
            "_se": points.std(dim=1) / POINTS**0.5,
        }.items()
    }
    write_store(
        output,
        xr.Dataset(
            {
                **variables,
                "held_out": (("point", *dims), held_out.numpy()),
                "unit_noise": (("draw", *dims), noise.numpy()),
                "variance": variance,
                "level_structure": chosen.structure,
                "level_half": chosen.half,
                "band": ("sigma", chosen.band),
            },
            {"sigma": sigmas},
        ),
    )


def _errors(denoise: "Denoiser", clean: "Tensor", noise: "Tensor", sigmas: list[float]) -> "Tensor":
    """Squared errors of denoised points, (sigma, point)."""
    import torch

    with torch.no_grad():
        wrong = [denoise(clean + sigma * noise, sigma) - clean for sigma in sigmas]
    return torch.stack(wrong).double().square().flatten(2).sum(dim=2)
