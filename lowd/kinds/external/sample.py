"""`lowd step sample`: samples of one model's students, which were trained elsewhere."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.external.settings import StudentsSettings
from lowd.progress import report_total


class SampleStep(Settings):
    """Settings of the step; `name` is the model's in the study."""

    name: str
    students: StudentsSettings
    shape: tuple[int, ...]
    samples: tuple[int, ...]
    replicates: int
    sampler: SamplerSettings


def sample(settings: SampleStep, *, noise: Path, output: Path) -> None:
    """Carry the study's noises through every student that is there: the store `output`.

    `samples` (N, replicate, noise, *shape), NaN where there is no checkpoint; `parameters`, |θ|.
    Nothing is known here of how the students were trained.

    Raises:
        ValueError: a checkpoint can't be used, or two differ in |θ|, or none is there; the message
            names the cell.
    """
    import sys

    import torch

    from lowd.device import pick_device
    from lowd.kinds.external.denoisers import load
    from lowd.kinds.external.grid import gridded
    from lowd.steps.generation import flow_in_batches
    from lowd.store.arrays import read_store, write_store

    device = pick_device()
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    places = settings.students.places(settings.samples, settings.replicates)
    there = {cell: path for cell, path in places.items() if path.exists()}
    if not there:
        raise ValueError(
            f"models.{settings.name}.path: none of {len(places)} checkpoints is there, such as "
            f"{next(iter(places.values()))}"
        )
    report_total(len(there) * len(noises), "samples")
    made, counts = {}, {}
    for (n, replicate), path in there.items():
        try:
            student = load(settings.students, path, settings.shape, device)
            made[n, replicate] = flow_in_batches(student.denoise, noises, settings.sampler, device)
        except ValueError as error:
            raise ValueError(
                f"models.{settings.name}, N = {n}, replicate {replicate}: {error}"
            ) from error
        counts[path] = student.parameters
    (first, parameters), *others = counts.items()
    for path, count in others:
        if count != parameters:
            raise ValueError(
                f"models.{settings.name}: {path} has {count} parameters and {first} has "
                f"{parameters}; declare them as two models"
            )
    if missing := [str(path) for path in places.values() if path not in counts]:
        print(
            f"{settings.name}: {len(missing)} of {len(places)} checkpoints are missing: "
            f"{', '.join(missing)}",
            file=sys.stderr,
        )
    dataset = gridded(made, settings.samples, settings.replicates)
    write_store(output, dataset.assign(parameters=parameters))
