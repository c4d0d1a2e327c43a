"""`lowd step noise`: the unit noises that every model is evaluated from."""

from pathlib import Path

from lowd.base import Settings


class NoiseStep(Settings):
    """Settings of the noise step."""

    seed: int
    size: int
    shape: tuple[int, ...]


def noise(settings: NoiseStep, *, output: Path) -> None:
    """Draw `size` unit normal noises into the store `output`, as `noise` (noise, *shape).

    Drawn once on the CPU and stored: a seed alone does not name a noise.
    """
    import torch
    import xarray as xr

    from lowd.store.arrays import sample_dims, write_store
    from lowd.streams import stream

    drawn = torch.randn(
        settings.size, *settings.shape, generator=stream(settings.seed, "evaluation noise")
    )
    dims = ("noise", *sample_dims(settings.shape))
    write_store(output, xr.Dataset({"noise": (dims, drawn.numpy())}))
