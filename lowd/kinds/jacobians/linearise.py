"""`lowd step linearise`: how many directions denoisers keep, over the signal-to-noise ratio."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.geometry.dense import DENSE
from lowd.steps.members import Member

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser

POINTS = 32
SIGMAS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 8.0)


class LineariseStep(Settings):
    """Settings of the linearise step.

    Attributes:
        members: studies, in the order of their teachers and points.
        models: their models, study by study, in the order of `students`.
    """

    members: tuple[Member, ...]
    models: tuple[tuple[str, ...], ...]


def linearise(
    settings: LineariseStep,
    *,
    teacher: list[Path],
    points: list[Path],
    students: list[Path],
    output: Path,
) -> None:
    """Measure rank_.99 of the Jacobians of teachers and students: the store `output`.

    `rank` (denoiser, sigma), a share of the dimension, is the mean over the last points of a
    study's pool, with `rank_se` over points. A denoiser is a study's teacher, or its first
    replicate of a model at the smallest, a middle and the largest N; `study`, `model`, `N`, and
    `lower` and `upper`, r/d and K·r/d where they are known, go with it. All see the same noises.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.store.arrays import read_store, write_store
    from lowd.streams import stream

    checkpoints = iter(students)
    found = []
    for member, models, folder, pool in zip(
        settings.members, settings.models, teacher, points, strict=True
    ):
        clean = torch.from_numpy(read_store(pool)["samples"].values[-POINTS:])
        noise = torch.randn(clean.shape, generator=stream("jacobians", member.name))
        dimension = clean[0].numel()
        lower = np.nan if member.rank is None else member.rank / dimension
        own = {model: next(checkpoints) for model in models}
        for model, n, denoise in _denoisers(folder, own):
            name = f"{member.name}/{model}/N={n}" if n else f"{member.name}/{model}"
            place = {
                "study": member.name,
                "model": model,
                "N": n,
                "lower": lower,
                "upper": lower * member.clusters,
            }
            one = _ranks(denoise, clean, noise).expand_dims(denoiser=[name])
            # Each on the new axis, lest what all denoisers share becomes a scalar.
            one = one.assign_coords({key: ("denoiser", [value]) for key, value in place.items()})
            print(name, one["rank"].values.round(2), flush=True)
            found.append(one)
    write_store(output, xr.concat(found, "denoiser", coords="minimal", compat="override"))


def _denoisers(teacher: Path, students: dict[str, Path]) -> "Iterator[tuple[str, int, Denoiser]]":
    """The teacher, which has no N, and three students of every model."""
    import torch

    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.students import load_students

    device = torch.device("cpu")
    yield "teacher", 0, load_teacher(teacher, device).denoise
    for model, path in students.items():
        stack = load_students(path)
        sizes = sorted({cell["N"] for cell in stack.cells})
        for n in dict.fromkeys((sizes[0], sizes[len(sizes) // 2], sizes[-1])):
            index = stack.cells.index({"N": n, "replicate": 0})
            yield model, n, _single(stack.denoiser(slice(index, index + 1), device))


def _single(network: "Denoiser") -> "Denoiser":
    """A stack of one as a denoiser of x (M, *shape)."""
    return lambda x, sigma: network(x[None], sigma)[0]


def _ranks(denoise: "Denoiser", clean: "Tensor", noise: "Tensor") -> "xr.Dataset":
    """Mean over points of the share of directions kept, at every σ."""
    import torch
    import xarray as xr

    from lowd.geometry.jacobian import effective_rank, jacobian, products, randomised_rank
    from lowd.streams import stream

    dimension = clean[0].numel()
    ranks = []
    for sigma in SIGMAS:
        noisy = clean + sigma * noise
        if dimension <= DENSE:
            singular = torch.linalg.svdvals(jacobian(denoise, noisy, sigma))
            ranks.append(effective_rank(singular))
        else:
            found = [
                randomised_rank(*products(denoise, one, sigma), dimension, stream("range", at))
                for at, one in enumerate(noisy)
            ]
            ranks.append(torch.tensor(found))
    every = torch.stack(ranks) / dimension
    return xr.Dataset(
        {
            "rank": ("sigma", every.mean(dim=1).numpy()),
            "rank_se": ("sigma", (every.std(dim=1) / every.shape[1] ** 0.5).numpy()),
        },
        {"sigma": list(SIGMAS)},
    )
