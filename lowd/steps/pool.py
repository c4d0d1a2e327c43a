"""`lowd pool`: the teacher's samples that every training set is cut from."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings


class PoolStep(Settings):
    """Settings of the pool step."""

    seed: int
    size: int
    shape: tuple[int, ...]
    sampler: SamplerSettings


def pool(settings: PoolStep, *, teacher: Path, output: Path) -> None:
    """Draw `size` samples of the teacher into the store `output`, as `samples` (sample, *shape).

    Exact samples where the teacher has them, else the probability flow from noises of a stream
    that nothing else draws from.
    """
    import torch
    import xarray as xr

    from lowd.device import pick_device
    from lowd.steps.generation import flow_in_batches, sample_dims
    from lowd.store.arrays import write_store
    from lowd.store.models import load_teacher
    from lowd.streams import stream

    device = pick_device()
    model = load_teacher(teacher, device)
    generator = stream(settings.seed, "pool")
    if model.sample:
        samples = model.sample(settings.size, generator).float().cpu()
    else:
        noise = torch.randn(settings.size, *settings.shape, generator=generator)
        samples = flow_in_batches(model.denoise, noise, settings.sampler, device)
    dims = ("sample", *sample_dims(settings.shape))
    write_store(output, xr.Dataset({"samples": (dims, samples.numpy())}))
