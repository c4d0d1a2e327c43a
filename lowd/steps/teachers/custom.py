"""A denoiser of the user's own, found by the name `module:function`."""

import importlib
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.sources.settings import CustomTeacher
from lowd.steps.generation import flow_sampler
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint

PROBED = (0.02, 1.0, 20.0)
"""Noise levels at which it is asked once."""


def make(settings: CustomTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Note its name and options, once it has answered with finite values of the shape declared.

    Raises:
        ValueError: it can't be imported, fails, or answers with something else.
    """
    denoise = custom_denoiser(settings.entry, settings.options)
    size = 2 * math.prod(settings.shape)
    noise = torch.linspace(-1, 1, size).view(2, *settings.shape)
    for sigma in PROBED:
        try:
            probe = denoise(sigma * noise, sigma)
        except Exception as error:  # whatever the user's own code may raise
            raise ValueError(
                f"teacher.entry: {settings.entry} fails on x {tuple(noise.shape)} at sigma {sigma} "
                f"({type(error).__name__}: {error})"
            ) from error
        if not isinstance(probe, Tensor):
            raise ValueError(
                f"teacher.entry: {settings.entry} answers with {type(probe).__name__}, not Tensor"
            )
        if probe.shape != noise.shape:
            raise ValueError(
                f"teacher.shape: {settings.entry} maps {tuple(noise.shape)} to {tuple(probe.shape)}"
            )
        if not probe.isfinite().all():
            raise ValueError(f"teacher.entry: {settings.entry} is not finite at sigma {sigma}")
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
        ValueError: the module can't be imported, or its function does not give a denoiser.
    """
    module, function = entry.split(":")
    try:
        denoise = getattr(importlib.import_module(module), function)(**options)
    except Exception as error:  # whatever the user's own code may raise
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"teacher.entry: {entry!r} can't be loaded with options {options} ({reason})"
        ) from error
    if not callable(denoise):
        raise ValueError(f"teacher.entry: {entry!r} gives {denoise!r}, not a function D(x, sigma)")
    return denoise
