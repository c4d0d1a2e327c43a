"""`lowd teacher`: draw, train or look up the teacher."""

from pathlib import Path

from lowd.base import Settings
from lowd.sources.settings import CustomTeacher, MoLRGTeacher, TeacherSettings, TrainedTeacher


class TeacherStep(Settings):
    """Settings of the teacher step."""

    seed: int
    teacher: TeacherSettings


def teacher(settings: TeacherStep, *, output: Path, scratch: Path | None = None) -> None:
    """Leave the teacher in the folder `output`, with the images it learned from.

    weights.safetensors says by its metadata what kind of teacher it is; images.zarr holds the
    images of a trained one, split into those it learned from and those held out.
    """
    from lowd.store.atomic import staged

    with staged(output) as draft:
        draft.mkdir()
        if isinstance(settings.teacher, MoLRGTeacher):
            _draw(settings.teacher, settings.seed, draft)
        elif isinstance(settings.teacher, CustomTeacher):
            _look_up(settings.teacher, draft)
        else:
            _train(settings.teacher, settings.seed, draft, scratch)


def _draw(teacher: MoLRGTeacher, seed: int, folder: Path) -> None:
    from lowd.distributions.molrg import MoLRG
    from lowd.store.checkpoints import save_checkpoint
    from lowd.store.models import WEIGHTS
    from lowd.streams import stream

    mixture = MoLRG.random(
        teacher.clusters, teacher.dimension, teacher.rank, stream(seed, "teacher")
    )
    save_checkpoint(folder / WEIGHTS, {"bases": mixture.bases}, {"kind": "molrg"})


def _look_up(teacher: CustomTeacher, folder: Path) -> None:
    import torch

    from lowd.store.checkpoints import save_checkpoint
    from lowd.store.models import WEIGHTS, custom_denoiser

    denoise = custom_denoiser(teacher.entry, teacher.options)
    probe = denoise(torch.zeros(2, *teacher.shape), 1.0)
    if probe.shape != (2, *teacher.shape):
        raise ValueError(
            f"teacher.shape: {teacher.entry} maps (2, {teacher.shape}) to {tuple(probe.shape)}"
        )
    metadata = {"kind": "custom", "entry": teacher.entry, "options": teacher.options}
    save_checkpoint(folder / WEIGHTS, {"shape": torch.tensor(teacher.shape)}, metadata)


def _train(teacher: TrainedTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    import torch
    import xarray as xr

    from lowd.device import pick_device
    from lowd.sources.images import load_images
    from lowd.steps.resumable import train_resumably
    from lowd.store.arrays import write_store
    from lowd.store.models import WEIGHTS, save_students
    from lowd.streams import stream
    from lowd.training.draws import Cell
    from lowd.training.trainer import Trainer

    images = load_images(teacher.images)
    order = torch.randperm(len(images), generator=stream(seed, "held out")).numpy()
    training, held_out = (
        images[rows]
        for rows in (
            order[: -int(len(order) * teacher.held_out)],
            order[-int(len(order) * teacher.held_out) :],
        )
    )
    dims = ("channel", "height", "width")
    write_store(
        folder / "images.zarr",
        xr.Dataset(
            {
                "training": (("training_image", *dims), training),
                "held_out": (("held_out_image", *dims), held_out),
            }
        ),
    )
    cell = Cell("teacher", seed, samples=len(training), first=0)
    trainer = Trainer(
        teacher.model, teacher.training, [cell], torch.from_numpy(training), pick_device()
    )
    train_resumably(trainer, scratch, label="teacher")
    save_students(folder / WEIGHTS, trainer, teacher.model, [{"N": len(training), "replicate": 0}])
