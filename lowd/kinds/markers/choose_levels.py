"""`lowd step choose-levels`: points and noise levels, from the teacher before any student."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings


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

    from lowd.diffusion.noise_levels import karras_sigmas
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
    levels = karras_sigmas(sampler.steps, sampler.sigma_min, sampler.sigma_max, sampler.rho)
    sigmas = thinned(levels[:-1].tolist())
    spread = (held_out - held_out.mean(dim=0)).double().square().sum() / (POINTS - 1)
    variance = float(spread)
    probes = stream("markers", settings.study, "probes")
    dimension = torch.stack(
        [local_dimension(known.denoise, held_out, sigma, probes) for sigma in sigmas]
    )
    with torch.no_grad():
        wrong = [
            known.denoise(held_out + sigma * noise[POINTS:], sigma) - held_out for sigma in sigmas
        ]
    error = torch.stack([each.double().square().flatten(1).sum(1) for each in wrong]) / variance
    variables = {}
    for name, points in {"dimension": dimension, "error": error}.items():
        variables[name] = ("sigma", points.mean(dim=1).numpy())
        variables[f"{name}_se"] = ("sigma", (points.std(dim=1) / POINTS**0.5).numpy())
    chosen = choose(variables["dimension"][1], variables["error"][1])
    dims = sample_dims(held_out.shape[1:])
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
