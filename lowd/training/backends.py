"""Ways to run a stack: all students in one call of each layer, or one after another.

All compute the same from the same parameters, up to rounding. Which is fastest depends on the
device, the architecture and the size of the stack: `lowd calibrate` measures it.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from lowd.models.build import build
from lowd.models.layers import Conv2d
from lowd.models.settings import ModelSettings
from lowd.training.compute import Backend


def run_by(
    backend: Backend, stack: nn.Module, model: ModelSettings, shape: Sequence[int]
) -> nn.Module:
    """The stack, or a module that computes the same from its parameters in another way.

    Args:
        backend: the way.
        stack: students as `build` makes them, or networks that consist of such.
        model: their architecture.
        shape: of a sample.

    Raises:
        ValueError: the stack consists of several networks, which can't be looped over.
    """
    match backend:
        case "looped":
            return Looped(stack, model, shape)
        case "batched":
            for parent in list(stack.modules()):
                for name, layer in parent.named_children():
                    if isinstance(layer, Conv2d) and layer.padding:
                        setattr(parent, name, BatchedConv2d(layer))
    return stack


class Looped(nn.Module):
    """A stack's students one after another, each a network of its own: the plain loop."""

    def __init__(self, stack: nn.Module, model: ModelSettings, shape: Sequence[int]) -> None:
        super().__init__()
        one = build(model, 1, shape)
        if type(stack) is not type(one):
            raise ValueError(
                "compute.backend: 'looped' runs denoisers and noise predictors alone; give another"
            )
        self.stack = stack
        # In a tuple it is no child: its parameters, never used, must not be trained.
        self.one = (one.to(next(stack.parameters())),)

    def forward(
        self, x: Float[Tensor, "student batch *shape"], c_noise: Float[Tensor, "student batch"]
    ) -> Float[Tensor, "student batch *shape"]:
        """Every student's answer to its own examples."""
        parameters = dict(self.stack.named_parameters())
        return torch.cat(
            [
                functional_call(
                    self.one[0],
                    {name: p[s : s + 1] for name, p in parameters.items()},
                    (x[s : s + 1], c_noise[s : s + 1]),
                )
                for s in range(len(x))
            ]
        )


class BatchedConv2d(nn.Module):
    """A stacked convolution as one product of matrices, of weights with unfolded patches."""

    def __init__(self, layer: Conv2d) -> None:
        super().__init__()
        self.weight, self.bias, self.padding = layer.weight, layer.bias, layer.padding

    def forward(
        self, x: Float[Tensor, "batch _inputs height width"]
    ) -> Float[Tensor, "batch _outputs height width"]:
        """The same as the layer gives."""
        students, kernel = len(self.weight), self.weight.shape[-1]
        images = x.unflatten(1, (students, -1)).transpose(0, 1).flatten(0, 1)
        patches = functional.unfold(images, kernel, padding=self.padding)
        columns = patches.unflatten(0, (students, -1)).transpose(1, 2).flatten(2)
        y = torch.baddbmm(self.bias[..., None], self.weight.flatten(2), columns)
        return y.unflatten(2, (len(x), *x.shape[2:])).permute(2, 0, 1, 3, 4).flatten(1, 2)
