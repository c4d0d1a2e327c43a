"""What a layer of a stack makes of its input, taken while the stack computes as ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from lowd.models.mlp import MLP
from lowd.models.unet import UNet

Layer = Literal["middle", "last"]
Pooling = Literal["flat", "mean"]


@contextmanager
def tapped(
    network: nn.Module, layer: Layer, pooling: Pooling = "flat"
) -> Iterator[Callable[[], Tensor]]:
    """A function that gives the features of the last pass, (student, batch, feature).

    A hook looks on: outputs are the same bits with it and without.

    Args:
        network: a stack of MLPs or U-Nets.
        layer: of an MLP the hidden layer in the middle or the last one, after the activation; of a
            U-Net its coarsest level on the way down, or what goes into the last convolution.
        pooling: whether a U-Net's features are all numbers of its channels, or their means over
            space.

    Raises:
        ValueError: the network is neither.
    """
    taken: list[Tensor] = []
    match network:
        case MLP():
            hidden = list(network.hidden)
            module = hidden[-1] if layer == "last" else hidden[(len(hidden) - 1) // 2]
            turned: Callable[[Tensor], Tensor] = functional.silu
        case UNet():
            module = network.norm if layer == "last" else list(network.down[-1].children())[-1]
            ends = functional.silu if layer == "last" else torch.nn.Identity()
            turned = partial(_channels, turned=ends, students=network.students, pooling=pooling)
        case _:
            raise ValueError(
                f"{type(network).__name__}: features are taken of MLPs and U-Nets; give models of "
                "either architecture"
            )

    def look(module: nn.Module, given: object, made: Tensor) -> None:
        taken[:] = [turned(made.detach())]

    handle = module.register_forward_hook(look)
    try:
        yield lambda: taken[0]
    finally:
        handle.remove()


def _channels(
    images: Tensor, turned: Callable[[Tensor], Tensor], students: int, pooling: Pooling
) -> Tensor:
    """From (batch, student · channel, height, width), after an activation or none."""
    each = turned(images).unflatten(1, (students, -1)).transpose(0, 1)
    return each.mean(dim=(3, 4)) if pooling == "mean" else torch.flatten(each, 2)
