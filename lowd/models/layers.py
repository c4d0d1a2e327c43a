"""Layers over a stack of students.

Student s of a layer sees only slice s of the input and of each parameter, so one call moves S
networks that know nothing of each other. Vectors travel as (student, batch, feature); images as
(batch, student · channel, height, width), the layout in which a grouped convolution is a stack.
"""

import math
from collections.abc import Sequence
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

EIGHT = 8
"""oneDNN's fast convolutions take channels by the eight, and leave others to a loop of products."""
SMALL = 256
"""Pixels of the finer image up to which resampling by a matrix is the faster way."""


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
    """A same-size convolution for every student, as one grouped convolution; `kernel` is odd.

    A 1×1 kernel is a matrix product. A larger one runs on channels padded to multiples of EIGHT.
    """

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
        outputs, inputs, kernel = self.weight.shape[1:4]
        students = x.unflatten(1, (self.students, -1))
        if kernel == 1:
            y = self.weight.flatten(2) @ students.flatten(3) + self.bias[..., None]
            return y.view(len(x), -1, *x.shape[2:])
        more_in, more_out = (-inputs % EIGHT, -outputs % EIGHT) if inputs >= EIGHT else (0, 0)
        y = functional.conv2d(
            functional.pad(students, (0, 0, 0, 0, 0, more_in)).flatten(1, 2) if more_in else x,
            functional.pad(self.weight, (0, 0, 0, 0, 0, more_in, 0, more_out)).flatten(0, 1),
            functional.pad(self.bias, (0, more_out)).flatten(),
            padding=self.padding,
            groups=self.students,
        )
        return y.unflatten(1, (self.students, -1))[:, :, :outputs].flatten(1, 2)


def halved(
    x: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels half_height half_width"]:
    """Average blocks of 2×2 pixels.

    Small images pass through a fixed matrix, in half the time of the library's loop over pixels;
    the work of that product grows with the square of the image, so large ones take the loop.
    """
    height, width = (n // 2 for n in x.shape[2:])
    if 4 * height * width > SMALL:
        return functional.avg_pool2d(x, 2)
    averages = _blocks(height, width, x.dtype, x.device).T / 4
    return (x.flatten(2) @ averages).unflatten(2, (height, width))


def doubled(
    x: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels twice_height twice_width"]:
    """Repeat every pixel 2×2 times; small images as in `halved`."""
    height, width = x.shape[2:]
    if 4 * height * width > SMALL:
        return functional.interpolate(x, scale_factor=2, mode="nearest")
    blocks = _blocks(height, width, x.dtype, x.device)
    return (x.flatten(2) @ blocks).unflatten(2, (2 * height, 2 * width))


@cache
def _blocks(
    height: int, width: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "pixel finer_pixel"]:
    """Row p is 1 at the four pixels that p is made of when the image is twice as fine."""
    pairs = (torch.eye(n).repeat_interleave(2, dim=1) for n in (height, width))
    return torch.kron(*pairs).to(device, dtype)


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
