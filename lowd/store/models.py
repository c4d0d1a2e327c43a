"""Teachers and students read back as denoisers."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import TypeAdapter
from torch import Tensor, nn

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.preconditioning import precondition
from lowd.distributions.molrg import MoLRG
from lowd.models.build import build
from lowd.models.settings import ModelSettings
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.training.trainer import Trainer

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Teacher:
    """The known distribution students learn from.

    `sample(n, generator)` gives (n, *shape) where exact samples can be had; else it is None and
    samples come through the probability flow.
    """

    denoise: Denoiser
    sample: Callable[[int, torch.Generator], Tensor] | None = None


@dataclass(frozen=True)
class Students:
    """One stack, its weights averaged over training.

    Attributes:
        model: the architecture.
        cells: for each student, its coordinates `N` and `replicate`.
        diverged: for each student, the step at which training failed, or −1.
        losses: (student, block), the mean training loss of every block of steps.
    """

    model: dict[str, Any]
    shape: tuple[int, ...]
    sigma_data: float
    cells: list[dict[str, int]]
    weights: dict[str, Tensor]
    diverged: Int[Tensor, " student"]
    losses: Float[Tensor, "student block"]

    def denoiser(self, students: slice, device: torch.device) -> Denoiser:
        """D(x, sigma) of some students, x (student, M, *shape)."""
        weights = {name: tensor[students] for name, tensor in self.weights.items()}
        stack = _stack(self.model, len(self.cells[students]), self.shape, weights)
        return precondition(stack.to(device), self.sigma_data)


def _stack(
    model: dict[str, Any], students: int, shape: tuple[int, ...], weights: dict[str, Tensor]
) -> nn.Module:
    settings: ModelSettings = TypeAdapter(ModelSettings).validate_python(model)
    stack = build(settings, students, shape)
    # Fixed frequencies are buffers, which no checkpoint carries.
    absent = stack.load_state_dict(weights, strict=False).missing_keys
    parameters = {name for name, _ in stack.named_parameters()}
    if missing := parameters & set(absent):
        raise ValueError(f"checkpoint lacks {sorted(missing)}; train the model again")
    return stack.eval()


def save_students(
    path: Path, trainer: Trainer, model: ModelSettings, cells: list[dict[str, int]]
) -> None:
    """Write a trained stack: averaged weights, losses, and which student diverged when."""
    tensors = {f"average.{name}": tensor for name, tensor in trainer.average.items()}
    tensors |= {"diverged": trainer.diverged, "losses": trainer.losses}
    metadata = {
        "model": model.model_dump(mode="json"),
        "shape": list(trainer.pool.shape[1:]),
        "sigma_data": trainer.settings.sigma_data,
        "cells": cells,
    }
    save_checkpoint(path, tensors, metadata)


def load_students(path: Path) -> Students:
    """Read what `save_students` wrote; raises as `load_checkpoint` does."""
    tensors, metadata = load_checkpoint(path)
    weights = {
        name.removeprefix("average."): tensor
        for name, tensor in tensors.items()
        if name.startswith("average.")
    }
    return Students(
        model=metadata["model"],
        shape=tuple(metadata["shape"]),
        sigma_data=metadata["sigma_data"],
        cells=metadata["cells"],
        weights=weights,
        diverged=tensors["diverged"],
        losses=tensors["losses"],
    )


def load_teacher(folder: Path, device: torch.device) -> Teacher:
    """The teacher that `lowd teacher` left in `folder`."""
    tensors, metadata = load_checkpoint(folder / WEIGHTS)
    if metadata.get("kind") == "molrg":
        mixture = MoLRG(tensors["bases"]).to(device)
        return Teacher(mixture.denoise, mixture.sample)
    if metadata.get("kind") == "custom":
        return Teacher(custom_denoiser(metadata["entry"], metadata["options"]))
    network = load_students(folder / WEIGHTS).denoiser(slice(None), device)

    def denoise(x: Tensor, sigma: float | int | Tensor) -> Tensor:
        level = sigma[None] if isinstance(sigma, Tensor) and sigma.ndim else sigma
        return network(x[None], level)[0]

    return Teacher(denoise)


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
