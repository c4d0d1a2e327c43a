"""U-Net with residual blocks and skip connections (Ronneberger et al. 2015; Ho et al. 2020)."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lowd.models.layers import Conv2d, GroupNorm, Linear, NoiseEmbedding, doubled, halved


class ResidualBlock(nn.Module):
    """Norm, SiLU, convolution, twice; the noise level scales and shifts the second norm."""

    def __init__(self, students: int, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.first_norm = GroupNorm(students, inputs)
        self.first = Conv2d(students, inputs, outputs)
        self.modulate = Linear(students, embedding, 2 * outputs, zero=True)
        self.second_norm = GroupNorm(students, outputs)
        self.second = Conv2d(students, outputs, outputs)
        self.skip = Conv2d(students, inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(
        self,
        x: Float[Tensor, "batch _ height width"],
        noise_level: Float[Tensor, "student batch embedding"],
    ) -> Float[Tensor, "batch _ height width"]:
        hidden = self.first(functional.silu(self.first_norm(x)))
        scale, shift = (
            part.transpose(0, 1).flatten(1)[..., None, None]
            for part in self.modulate(noise_level).chunk(2, dim=-1)
        )
        hidden = torch.addcmul(shift, self.second_norm(hidden), 1 + scale)
        return self.skip(x) + self.second(functional.silu(hidden))


class UNet(nn.Module):
    """One or more residual blocks a level, halving the image between levels.

    Args:
        students: size of the stack.
        shape: (channels, height, width); height and width divisible by 2^(levels − 1).
        width: channels of the first level.
        multipliers: channels of each level, in units of `width`.
        blocks: residual blocks at each level, on the way down and on the way up.
        features: Fourier features of the noise level.
    """

    def __init__(
        self,
        students: int,
        shape: tuple[int, int, int],
        width: int,
        multipliers: tuple[int, ...] = (1, 2),
        blocks: int = 1,
        features: int = 16,
    ) -> None:
        super().__init__()
        levels = [width * m for m in multipliers]
        embedding = 2 * width

        def column(inputs: int, outputs: int) -> nn.ModuleList:
            sizes = [inputs] + [outputs] * blocks
            return nn.ModuleList(
                ResidualBlock(students, a, b, embedding) for a, b in pairwise(sizes)
            )

        self.students = students
        self.embed = NoiseEmbedding(features)
        self.embed_layer = Linear(students, features, embedding)
        self.stem = Conv2d(students, shape[0], width)
        self.down = nn.ModuleList(
            column(a, b) for a, b in zip([width, *levels], levels, strict=False)
        )
        self.up = nn.ModuleList(
            column(below + here, here)
            for here, below in zip(levels[-2::-1], levels[:0:-1], strict=True)
        )
        self.norm = GroupNorm(students, levels[0])
        self.out = Conv2d(students, levels[0], shape[0], zero=True)

    def forward(
        self,
        x: Float[Tensor, "student batch channel height width"],
        c_noise: Float[Tensor, "..."],
    ) -> Float[Tensor, "student batch channel height width"]:
        noise_level = functional.silu(self.embed_layer(self.embed(c_noise, x.shape[:2])))
        hidden = self.stem(x.transpose(0, 1).flatten(1, 2))
        passed: list[Tensor] = []
        for depth, column in enumerate(self.down):
            if depth:
                passed.append(hidden)
                hidden = halved(hidden)
            for block in column.children():
                hidden = block(hidden, noise_level)
        for column in self.up:
            hidden = self._join(doubled(hidden), passed.pop())
            for block in column.children():
                hidden = block(hidden, noise_level)
        out = self.out(functional.silu(self.norm(hidden)))
        return out.unflatten(1, (self.students, -1)).transpose(0, 1)

    def _join(
        self, a: Float[Tensor, "batch _a height width"], b: Float[Tensor, "batch _b height width"]
    ) -> Float[Tensor, "batch _c height width"]:
        """Concatenate channels within each student."""
        parts = [t.unflatten(1, (self.students, -1)) for t in (a, b)]
        return torch.cat(parts, dim=2).flatten(1, 2)
