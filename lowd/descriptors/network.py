"""The network of a descriptor trained in the pipeline: a small SSCD."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lowd.metrics.descriptors import unit

STAGES = 3
GROUPS = 8
POWER = 3.0
"""SSCD's, of its pooling."""
FLOOR = 1e-6


def pool(
    maps: Float[Tensor, "image channel height width"], power: float = POWER
) -> Float[Tensor, "image channel"]:
    """Generalised mean over positions, (mean xᵖ)^(1/p): mean at p = 1, maximum as p → ∞.

    Radenović et al. 2018 (arXiv:1711.02512), equation 3; values below FLOOR count as it.
    """
    clamped = maps.clamp(min=FLOOR)
    # Against the largest of each map, which keeps powers within range.
    largest = clamped.amax(dim=(2, 3), keepdim=True)
    means = (clamped / largest).pow(power).mean(dim=(2, 3)).pow(1 / power)
    return means * largest.flatten(1)


class Residual(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(GROUPS, inputs), nn.GroupNorm(GROUPS, outputs)])
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)]
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Images' maps, as large as before."""
        deep = x
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            deep = convolution(functional.relu(norm(deep)))
        return self.shortcut(x) + deep


class CopyNetwork(nn.Module):
    """Images (M, channel, height, width) to features (M, feature) of unit norm.

    Residual blocks, one a stage, the maps half as large and twice as many at each; then pooling and
    a linear layer. Norms are over one image's channels, so that no image sees its batch.
    """

    def __init__(self, channels: int, width: int, features: int) -> None:
        super().__init__()
        widths = [width * 2**stage for stage in range(STAGES)]
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.stages = nn.ModuleList(
            Residual(inputs, outputs)
            for inputs, outputs in zip([width, *widths], widths, strict=False)
        )
        self.last = nn.Linear(widths[-1], features)

    def forward(self, images: Tensor) -> Tensor:
        """Features; images in [-1, 1]."""
        maps = self.first(images)
        for stage, block in enumerate(self.stages):
            if stage:
                maps = functional.avg_pool2d(maps, 2, ceil_mode=True)
            maps = block(maps)
        return unit(self.last(pool(functional.relu(maps))))


def initialised(
    channels: int, width: int, features: int, generator: torch.Generator
) -> CopyNetwork:
    """A network whose weights are drawn from the generator, on the CPU, and from nothing else."""
    with torch.device("meta"):
        network = CopyNetwork(channels, width, features)
    network = network.to_empty(device="cpu")
    for module in network.modules():
        if isinstance(module, nn.GroupNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            bound = math.sqrt(3 / module.weight[0].numel())
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
