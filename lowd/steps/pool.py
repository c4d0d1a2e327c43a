"""`lowd step pool`: the teacher's samples: training sets, and others that nobody trains on."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.progress import report_total

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BLOCK_SAMPLES = 256
"""Samples of one stream, which are always drawn together: a larger pool goes on with others."""


class PoolStep(Settings):
    """Settings of the pool step; exact teachers need no sampler.

    Attributes:
        size: samples to train on, in as many equal parts as there are replicates.
        reference: samples that nobody trains on.
    """

    seed: int
    size: int
    reference: int
    replicates: int
    shape: tuple[int, ...]
    sampler: SamplerSettings | None = None

    @property
    def drawn(self) -> int:
        """Samples in all."""
        return self.size + self.reference


def pool(settings: PoolStep, *, teacher: Path, output: Path) -> None:
    """Draw from the teacher into the store `output`.

    `samples` (sample, *shape) are to be trained on, replicate after replicate; `reference`
    (reference_sample, *shape) are not. Exact samples where the teacher has them, else the
    probability flow. Every block of a replicate has a stream of its own, so that neither a larger
    pool nor another replicate changes what is there.
    """
    import torch
    import xarray as xr

    from lowd.device import pick_device
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.steps.training_sets import part_sizes
    from lowd.store.arrays import sample_dims, write_store
    from lowd.streams import stream

    model = load_teacher(teacher, pick_device())
    report_total(settings.drawn, "samples")

    def draw(count: int, part: str) -> "Tensor":
        def block(number: int) -> "torch.Generator":
            return stream(settings.seed, "pool", part, number)

        return _drawn(count, lambda n, at: model.sample(n, block(at), settings.sampler))

    parts = part_sizes(settings.size, settings.replicates)
    samples = torch.cat([draw(size, f"replicate={r}") for r, size in enumerate(parts)])
    reference = draw(settings.reference, "reference")
    dims = sample_dims(settings.shape)
    drawn = {
        "samples": (("sample", *dims), samples.numpy()),
        "reference": (("reference_sample", *dims), reference.numpy()),
    }
    write_store(output, xr.Dataset(drawn))


def _drawn(count: int, block: "Callable[[int, int], Tensor]") -> "Tensor":
    """The first so many samples of as many whole blocks as it takes."""
    import torch

    blocks = range(-(-count // BLOCK_SAMPLES))
    return torch.cat([block(BLOCK_SAMPLES, number) for number in blocks])[:count]
