"""Layers over a stack of students.

Student s of a layer sees only slice s of the input and of each parameter, so one call moves S
networks that know nothing of each other. Vectors travel as (student, batch, feature); images as
(batch, student · channel, height, width), the layout in which a grouped convolution is a stack.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class StackedLayer(nn.Module):
    """A layer whose parameters have shape (student, ...), and the bound each is drawn within."""

    def __init__(self, students: int) -> None:
        super().__init__()
        self.students = students
        self.bounds: dict[str, float] = {}

    def declare(self, name: str, *shape: int, bound: float, fill: float = 0.0) -> None:
        """Add a parameter (student, *shape), to be drawn within ±bound; bound 0 keeps `fill`."""
        self.register_parameter(name, nn.Parameter(torch.full((self.students, *shape), fill)))
        self.bounds[name] = bound


class Linear(StackedLayer):
    """y = xW + b for every student; extra axes between batch and feature are allowed."""

    weight: Tensor
    bias: Tensor

    def __init__(self, students: int, inputs: int, outputs: int, *, zero: bool = False) -> None:
        super().__init__(students)
        bound = 0.0 if zero else 1 / math.sqrt(inputs)
        self.declare("weight", inputs, outputs, bound=bound)
        self.declare("bias", 1, outputs, bound=bound)

    def forward(
        self, x: Float[Tensor, "student ... inputs"]
    ) -> Float[Tensor, "student ... outputs"]:
        rows = x.reshape(self.students, -1, x.shape[-1])
        return torch.baddbmm(self.bias, rows, self.weight).view(*x.shape[:-1], -1)


class Conv2d(StackedLayer):
    """A same-size convolution for every student, as one grouped convolution; `kernel` is odd."""

    weight: Tensor
    bias: Tensor

    def __init__(
        self, students: int, inputs: int, outputs: int, kernel: int = 3, *, zero: bool = False
    ) -> None:
        super().__init__(students)
        bound = 0.0 if zero else 1 / math.sqrt(inputs * kernel**2)
        self.declare("weight", outputs, inputs, kernel, kernel, bound=bound)
        self.declare("bias", outputs, bound=bound)
        self.padding = kernel // 2

    def forward(
        self, x: Float[Tensor, "batch _inputs height width"]
    ) -> Float[Tensor, "batch _outputs height width"]:
        return functional.conv2d(
            x,
            self.weight.flatten(0, 1),
            self.bias.flatten(),
            padding=self.padding,
            groups=self.students,
        )


class GroupNorm(StackedLayer):
    """Each student's channels normalised in 4 groups, or in 2 or 1 where 4 does not divide them."""

    weight: Tensor
    bias: Tensor

    def __init__(self, students: int, channels: int) -> None:
        super().__init__(students)
        self.groups = math.gcd(channels, 4)
        self.declare("weight", channels, bound=0.0, fill=1.0)
        self.declare("bias", channels, bound=0.0)

    def forward(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        groups = self.students * self.groups
        return functional.group_norm(x, groups, self.weight.flatten(), self.bias.flatten())


class Attention(StackedLayer):
    """Multi-head self-attention over tokens, each student with its own projections."""

    def __init__(self, students: int, width: int, heads: int) -> None:
        super().__init__(students)
        self.heads = heads
        self.project = Linear(students, width, 3 * width)
        self.merge = Linear(students, width, width)

    def forward(
        self, x: Float[Tensor, "student batch token width"]
    ) -> Float[Tensor, "student batch token width"]:
        qkv = self.project(x).unflatten(-1, (3, self.heads, -1))
        query, key, value = qkv.flatten(0, 1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(mixed.transpose(1, 2).reshape(x.shape))


class NoiseEmbedding(nn.Module):
    """Fourier features of c_noise = ¼ ln σ, the same fixed frequencies for every student.

    c_noise is one for all or (student,) or (student, batch); `rows` is (student, batch).
    """

    frequencies: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        # c_noise spans [-1.6, 1.1] over σ in [.002, 80]: a third of a turn to five turns.
        frequencies = torch.logspace(-2, 2, features // 2, base=2.0) * math.pi
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(
        self, c_noise: Float[Tensor, "..."], rows: Sequence[int]
    ) -> Float[Tensor, "student batch feature"]:
        levels = c_noise.reshape(c_noise.shape + (1,) * (2 - c_noise.ndim)).expand(*rows)
        angles = levels[..., None] * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=-1)
