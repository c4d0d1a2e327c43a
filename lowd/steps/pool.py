"""`lowd step pool`: the teacher's samples that every training set is cut from."""

from pathlib import Path

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.progress import report_total


class PoolStep(Settings):
    """Settings of the pool step; exact teachers need no sampler."""

    seed: int
    size: int
    shape: tuple[int, ...]
    sampler: SamplerSettings | None = None


def pool(settings: PoolStep, *, teacher: Path, output: Path) -> None:
    """Draw `size` samples of the teacher into the store `output`, as `samples` (sample, *shape).

    Exact samples where the teacher has them, else the probability flow from noises of a stream
    that nothing else draws from.
    """
    import xarray as xr

    from lowd.device import pick_device
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import sample_dims, write_store
    from lowd.streams import stream

    model = load_teacher(teacher, pick_device())
    report_total(settings.size, "samples")
    samples = model.sample(settings.size, stream(settings.seed, "pool"), settings.sampler)
    dims = ("sample", *sample_dims(settings.shape))
    write_store(output, xr.Dataset({"samples": (dims, samples.numpy())}))
