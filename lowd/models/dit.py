"""Diffusion transformer with adaptive layer norm (Peebles and Xie 2023)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from lowd.models.layers import Attention, Linear, NoiseEmbedding, StackedLayer


class TransformerBlock(nn.Module):
    """Attention and MLP, each scaled, shifted and gated by the noise level (adaLN-Zero)."""

    def __init__(self, students: int, width: int, heads: int) -> None:
        super().__init__()
        self.attention = Attention(students, width, heads)
        self.widen = Linear(students, width, 4 * width)
        self.narrow = Linear(students, 4 * width, width)
        self.modulate = Linear(students, width, 6 * width, zero=True)

    def forward(
        self,
        x: Float[Tensor, "student batch token width"],
        noise_level: Float[Tensor, "student batch width"],
    ) -> Float[Tensor, "student batch token width"]:
        modulation = self.modulate(functional.silu(noise_level))[:, :, None].chunk(6, dim=-1)
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = modulation
        x = x + gate * self.attention(_normalise(x, scale, shift))
        hidden = self.widen(_normalise(x, mlp_scale, mlp_shift))
        return x + mlp_gate * self.narrow(functional.gelu(hidden))


def _normalise(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return torch.addcmul(shift, functional.layer_norm(x, x.shape[-1:]), 1 + scale)


class DiT(StackedLayer):
    """Patches as tokens, learned positions, `depth` transformer blocks.

    Args:
        students: size of the stack.
        shape: (channels, height, width); height and width divisible by `patch`.
        width: token width, divisible by `heads`.
        depth: transformer blocks.
        patch: side of a square patch, in pixels.
        heads: attention heads.
        features: Fourier features of the noise level.
    """

    def __init__(
        self,
        students: int,
        shape: tuple[int, int, int],
        width: int,
        depth: int,
        patch: int = 2,
        heads: int = 2,
        features: int = 16,
    ) -> None:
        super().__init__(students)
        channels, height, columns = shape
        tokens = (height // patch) * (columns // patch)
        self.patch = patch
        self.declare("position", 1, tokens, width, bound=0.02)
        self.embed = NoiseEmbedding(features)
        self.embed_layer = Linear(students, features, width)
        self.stem = Linear(students, channels * patch**2, width)
        self.blocks = nn.ModuleList(TransformerBlock(students, width, heads) for _ in range(depth))
        self.modulate = Linear(students, width, 2 * width, zero=True)
        self.out = Linear(students, width, channels * patch**2, zero=True)

    def forward(
        self,
        x: Float[Tensor, "student batch channel height width"],
        c_noise: Float[Tensor, "..."],
    ) -> Float[Tensor, "student batch channel height width"]:
        noise_level = self.embed_layer(self.embed(c_noise, x.shape[:2]))
        patches = functional.pixel_unshuffle(x, self.patch)
        hidden = self.stem(patches.flatten(3).transpose(2, 3)) + self.position
        for block in self.blocks:
            hidden = block(hidden, noise_level)
        scale, shift = self.modulate(functional.silu(noise_level))[:, :, None].chunk(2, dim=-1)
        out = self.out(_normalise(hidden, scale, shift))
        return functional.pixel_shuffle(out.transpose(2, 3).view(patches.shape), self.patch)
