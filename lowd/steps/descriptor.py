"""`lowd step descriptor`: train the network that images are compared by, before any student."""

from pathlib import Path

from pydantic import PositiveInt

from lowd.base import Settings
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.diffusion.settings import SamplerSettings


class DescriptorStep(Settings):
    """Settings of the descriptor step.

    Attributes:
        fresh: how many samples of the teacher to learn from, which nothing else sees; None if the
            teacher itself learned from images, which are taken then.
        sampler: what draws them, unless the teacher is exact.
    """

    seed: int
    descriptor: TrainedSSCDSettings
    fresh: PositiveInt | None = None
    sampler: SamplerSettings | None = None


def descriptor(settings: DescriptorStep, *, teacher: Path, output: Path) -> None:
    """Train a small SSCD on images that are no student's, and leave its weights in `output`."""
    import torch

    from lowd.descriptors.trained_sscd import save, train
    from lowd.device import pick_device
    from lowd.steps.teachers.teacher import load_teacher
    from lowd.store.arrays import read_store
    from lowd.streams import stream

    device = pick_device()
    if settings.fresh is None:
        images = torch.from_numpy(read_store(teacher / "images.zarr")["training"].values)
    else:
        images = load_teacher(teacher, device).sample(
            settings.fresh, stream(settings.seed, "descriptor", "images"), settings.sampler
        )
    network = train(
        settings.descriptor,
        images.clamp(-1, 1),
        stream(settings.seed, "descriptor", "initialisation"),
        stream(settings.seed, "descriptor", "training"),
        device,
    )
    save(output, network, settings.descriptor, images.shape[1])
