"""Multilayer perceptron on flattened data."""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lowd.models.layers import Linear, NoiseEmbedding


class MLP(nn.Module):
    """`depth` hidden layers of `width`; the noise level enters beside the data.

    Args:
        students: size of the stack.
        shape: shape of one sample.
        width: hidden units.
        depth: hidden layers.
        features: Fourier features of the noise level.
    """

    def __init__(
        self, students: int, shape: tuple[int, ...], width: int, depth: int, features: int = 16
    ) -> None:
        super().__init__()
        size = math.prod(shape)
        sizes = [size + features] + [width] * depth
        self.embed = NoiseEmbedding(features)
        self.hidden = nn.ModuleList(Linear(students, a, b) for a, b in pairwise(sizes))
        self.out = Linear(students, sizes[-1], size, zero=True)

    def forward(
        self, x: Float[Tensor, "student batch *shape"], c_noise: Float[Tensor, "..."]
    ) -> Float[Tensor, "student batch *shape"]:
        noise_level = self.embed(c_noise, x.shape[:2])
        hidden = torch.cat([x.flatten(2), noise_level], dim=-1)
        for layer in self.hidden:
            hidden = functional.silu(layer(hidden))
        return self.out(hidden).view(x.shape)
