"""`lowd step memorise`: samples of the empirical denoisers of training sets of the user's own."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.progress import report_total


class MemoriseStep(Settings):
    """Settings of the step."""

    sampler: SamplerSettings


def memorise(settings: MemoriseStep, *, sets: Path, noise: Path, output: Path) -> None:
    """Carry the noises through the empirical denoiser of every training set: the store `output`.

    `samples` (N, replicate, noise, *shape), NaN where a training set is missing.
    """
    import torch

    from lowd.device import pick_device
    from lowd.distributions.empirical import Empirical
    from lowd.kinds.external.grid import gridded
    from lowd.kinds.external.sets import Sets
    from lowd.steps.generation import flow_in_batches
    from lowd.store.arrays import read_store, write_store

    device = pick_device()
    store = read_store(sets)
    given = Sets.of(store)
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    points = torch.from_numpy(given.points).to(device)
    report_total(len(given.rows) * len(noises), "samples")
    made = {
        cell: flow_in_batches(Empirical(points[rows]).denoise, noises, settings.sampler, device)
        for cell, rows in given.rows.items()
    }
    write_store(output, gridded(made, store["N"].values.tolist(), store.sizes["replicate"]))
