"""What every kind of teacher is once loaded."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.settings import SamplerSettings
from lowd.store.checkpoints import load_checkpoint

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Teacher:
    """The known distribution students learn from.

    `sample(n, generator, sampler)` gives (n, *shape) on the CPU: exact samples where they can be
    had, else through the probability flow.
    """

    denoise: Denoiser
    sample: Callable[[int, torch.Generator, SamplerSettings | None], Tensor]


def teacher_module(kind: str) -> ModuleType:
    """The module of a kind of teacher."""
    return importlib.import_module(f"lowd.steps.teachers.{kind}")


def load_teacher(folder: Path, device: torch.device) -> Teacher:
    """The teacher that `lowd teacher` left in `folder`; raises as `load_checkpoint` does."""
    _, metadata = load_checkpoint(folder / WEIGHTS)
    return teacher_module(metadata.get("kind", "trained")).load(folder, device)
