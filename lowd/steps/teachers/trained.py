"""A diffusion model trained on real images."""

from pathlib import Path

import torch
import xarray as xr
from torch import Tensor

from lowd.device import pick_device
from lowd.diffusion.denoiser import Sigma
from lowd.sources.scaling import scaled
from lowd.sources.settings import TrainedTeacher, check_held_out, held_out_of
from lowd.steps.generation import flow_sampler
from lowd.steps.resumable import train_resumably
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.arrays import read_store, sample_dims, write_store
from lowd.store.students import load_students
from lowd.streams import stream
from lowd.training.draws import Cell
from lowd.training.trainer import Trainer


def make(
    settings: TrainedTeacher, seed: int, folder: Path, scratch: Path | None, images: Path
) -> None:
    """Train it on a share of the images in the store, and keep both shares beside it.

    Raises:
        ValueError: they are of another shape than declared, which its model would not take, or a
            share has fewer than two.
    """
    pixels = read_store(images)["images"].values
    if pixels.shape[1:] != settings.shape:
        raise ValueError(
            f"{images}: images of {pixels.shape[1:]}; declared are {settings.shape}: make it again"
        )
    try:
        check_held_out(len(pixels), settings.held_out)
    except ValueError as error:
        raise ValueError(f"teacher.{error}") from None
    order = torch.randperm(len(pixels), generator=stream(seed, "held out")).numpy()
    kept = len(pixels) - held_out_of(len(pixels), settings.held_out)
    training, held_out = (scaled(pixels[share]) for share in (order[:kept], order[kept:]))
    dims = sample_dims(settings.shape)
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
        settings.model, settings.training, [cell], torch.from_numpy(training), pick_device()
    )
    cells = [{"N": len(training), "replicate": 0}]
    train_resumably(trainer, cells, folder / WEIGHTS, scratch, label="teacher")


def load(folder: Path, device: torch.device) -> Teacher:
    """Its denoiser, and samples through the probability flow."""
    students = load_students(folder / WEIGHTS)
    network = students.denoiser(slice(None), device)

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        level = sigma[None] if isinstance(sigma, Tensor) and sigma.ndim else sigma
        return network(x[None], level)[0]

    return Teacher(denoise, flow_sampler(denoise, students.shape, device))
