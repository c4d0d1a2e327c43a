"""`lowd step generate`: every model's samples from the study's noises."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.progress import report_total

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from torch import Tensor


GROUP = 8
"""Students side by side: enough to fill the machine, few enough to bound its memory."""


class GenerateStep(Settings):
    """Settings of the generate step."""

    sampler: SamplerSettings
    samples: tuple[int, ...] = ()
    replicates: int = 0
    """The grid of training sets; only the empirical denoiser, which has no checkpoint, needs it."""


def generate(
    settings: GenerateStep,
    *,
    noise: Path,
    output: Path,
    students: Path | None = None,
    teacher: Path | None = None,
    pool: Path | None = None,
) -> None:
    """Carry the noises through one kind of model into the store `output`.

    Give exactly one of `students` (a checkpoint), `teacher` (its folder) and `pool` (for the
    empirical denoiser of every training set). The store holds `samples` (N, replicate, …, noise,
    *shape), with an axis for each coordinate of the students, for the teacher (noise, *shape);
    samples of a diverged student are NaN.

    Raises:
        ValueError: none or several kinds of model are given, or a pool without a grid.
    """
    import torch

    from lowd.device import pick_device
    from lowd.store.arrays import read_store, write_store

    if sum(path is not None for path in (students, teacher, pool)) != 1:
        raise ValueError("give exactly one of --students, --teacher and --pool")
    device = pick_device()
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    if students is not None:
        dataset = _from_students(settings, students, noises, device)
    elif teacher is not None:
        dataset = _from_teacher(settings, teacher, noises, device)
    elif pool is not None:
        if not (settings.samples and settings.replicates):
            raise ValueError("samples, replicates: give the grid of training sets beside --pool")
        dataset = _from_empirical(settings, pool, noises, device)
    write_store(output, dataset)


def _from_teacher(
    settings: GenerateStep, folder: Path, noises: "Tensor", device: "torch.device"
) -> "xr.Dataset":
    import xarray as xr

    from lowd.steps.generation import flow_in_batches
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import sample_dims

    denoise = load_teacher(folder, device).denoise
    report_total(len(noises), "samples")
    samples = flow_in_batches(denoise, noises, settings.sampler, device)
    return xr.Dataset({"samples": (("noise", *sample_dims(noises.shape[1:])), samples.numpy())})


def _from_students(
    settings: GenerateStep, checkpoint: Path, noises: "Tensor", device: "torch.device"
) -> "xr.Dataset":
    import torch

    from lowd.steps.generation import flow_in_batches
    from lowd.store.students import load_students

    stack = load_students(checkpoint)
    report_total(len(stack.cells) * len(noises), "samples")
    groups = [
        slice(first, min(first + GROUP, len(stack.cells)))
        for first in range(0, len(stack.cells), GROUP)
    ]
    samples = torch.cat(
        [
            flow_in_batches(
                stack.denoiser(group, device),
                noises,
                settings.sampler,
                device,
                students=group.stop - group.start,
            )
            for group in groups
        ]
    )
    samples[stack.diverged >= 0] = torch.nan
    return _grid_dataset(stack.cells, samples)


def _from_empirical(
    settings: GenerateStep, pool: Path, noises: "Tensor", device: "torch.device"
) -> "xr.Dataset":
    import torch

    from lowd.distributions.empirical import Empirical
    from lowd.steps.generation import flow_in_batches
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store

    points = torch.from_numpy(read_store(pool)["samples"].values).to(device)
    sets = training_rows(len(points), settings.samples, settings.replicates)
    report_total(len(sets) * len(noises), "samples")
    samples = [
        flow_in_batches(Empirical(points[rows]).denoise, noises, settings.sampler, device)
        for rows in sets.values()
    ]
    cells = [{"N": n, "replicate": replicate} for n, replicate in sets]
    return _grid_dataset(cells, torch.stack(samples))


def _grid_dataset(cells: list[dict[str, int]], samples: "Tensor") -> "xr.Dataset":
    """Cells by their coordinates, (N, replicate, …, noise, *shape)."""
    import xarray as xr

    from lowd.store.arrays import sample_dims

    axis = {key: list(dict.fromkeys(cell[key] for cell in cells)) for key in cells[0]}
    grid = samples.unflatten(0, [len(values) for values in axis.values()])
    dims = (*axis, "noise", *sample_dims(samples.shape[2:]))
    return xr.Dataset({"samples": (dims, grid.numpy())}, coords=axis)
