"""From settings to a stack of freshly initialised students."""

from collections.abc import Sequence

import torch
from torch import nn

from lowd.models.dit import DiT
from lowd.models.layers import StackedLayer
from lowd.models.mlp import MLP
from lowd.models.settings import ModelSettings
from lowd.models.unet import UNet

ARCHITECTURES: dict[str, type[nn.Module]] = {"mlp": MLP, "unet": UNet, "dit": DiT}


def build(settings: ModelSettings, students: int, shape: Sequence[int]) -> nn.Module:
    """A stack of `students` networks for samples of `shape`, parameters not yet drawn.

    Its forward maps x (student, batch, *shape) and c_noise, one for all or (student,) or
    (student, batch), to (student, batch, *shape).
    """
    options = settings.model_dump(exclude={"architecture"})
    return ARCHITECTURES[settings.architecture](students, tuple(shape), **options)


@torch.no_grad()
def initialise(stack: nn.Module, generators: Sequence[torch.Generator]) -> None:
    """Draw student s's parameters from generators[s] alone, uniformly within their bounds.

    A parameter whose bound is 0 keeps its value.
    """
    for layer in stack.modules():
        if isinstance(layer, StackedLayer):
            for name, bound in layer.bounds.items():
                if bound:
                    for student, generator in zip(getattr(layer, name), generators, strict=True):
                        student.uniform_(-bound, bound, generator=generator)


def parameter_count(settings: ModelSettings, shape: Sequence[int]) -> int:
    """|θ|, the number of trainable parameters of one student."""
    with torch.device("meta"):
        return sum(p.numel() for p in build(settings, 1, shape).parameters())
