"""A denoiser of the user's own, found by the name `module:function`."""

import importlib
from pathlib import Path
from typing import Any

import torch

from lowd.diffusion.denoiser import Denoiser
from lowd.sources.settings import CustomTeacher
from lowd.steps.generation import flow_sampler
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint


def make(settings: CustomTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Note its name and options, once it has answered with the shape declared.

    Raises:
        ValueError: it can't be imported, or answers with another shape.
    """
    denoise = custom_denoiser(settings.entry, settings.options)
    probe = denoise(torch.zeros(2, *settings.shape), 1.0)
    if probe.shape != (2, *settings.shape):
        raise ValueError(
            f"teacher.shape: {settings.entry} maps {(2, *settings.shape)} to {tuple(probe.shape)}"
        )
    metadata = {"kind": "custom", "entry": settings.entry, "options": settings.options}
    save_checkpoint(folder / WEIGHTS, {"shape": torch.tensor(settings.shape)}, metadata)


def load(folder: Path, device: torch.device) -> Teacher:
    """Its denoiser, and samples through the probability flow."""
    tensors, metadata = load_checkpoint(folder / WEIGHTS)
    denoise = custom_denoiser(metadata["entry"], metadata["options"])
    return Teacher(denoise, flow_sampler(denoise, tuple(tensors["shape"].tolist()), device))


def custom_denoiser(entry: str, options: dict[str, Any]) -> Denoiser:
    """The denoiser that the function named `module:function` returns.

    Raises:
        ValueError: the module can't be imported, or has no such function.
    """
    module, function = entry.split(":")
    try:
        return getattr(importlib.import_module(module), function)(**options)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"teacher.entry: {entry!r} can't be loaded ({error})") from error
