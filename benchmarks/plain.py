"""The students as anyone would write them: one network of ordinary layers, without a student axis.

Layer by layer and name by name the networks of `lowd.models`, so that weights can be copied over
and both must give the same loss.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class NoiseEmbedding(nn.Module):
    frequencies: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        frequencies = torch.logspace(-2, 2, features // 2, base=2.0) * math.pi
        self.register_buffer("frequencies", frequencies)

    def forward(self, c_noise: Tensor) -> Tensor:
        angles = c_noise[:, None] * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class MLP(nn.Module):
    def __init__(
        self, shape: tuple[int, ...], width: int, depth: int = 2, features: int = 16
    ) -> None:
        super().__init__()
        size = math.prod(shape)
        sizes = [size + features] + [width] * depth
        self.embed = NoiseEmbedding(features)
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.out = nn.Linear(sizes[-1], size)

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        hidden = torch.cat([x.flatten(1), self.embed(c_noise)], dim=-1)
        for layer in self.hidden:
            hidden = functional.silu(layer(hidden))
        return self.out(hidden).view(x.shape)


class ResidualBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, embedding: int) -> None:
        super().__init__()
        self.first_norm = nn.GroupNorm(math.gcd(inputs, 4), inputs)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulate = nn.Linear(embedding, 2 * outputs)
        self.second_norm = nn.GroupNorm(math.gcd(outputs, 4), outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, noise_level: Tensor) -> Tensor:
        hidden = self.first(functional.silu(self.first_norm(x)))
        scale, shift = self.modulate(noise_level)[..., None, None].chunk(2, dim=1)
        hidden = torch.addcmul(shift, self.second_norm(hidden), 1 + scale)
        return self.skip(x) + self.second(functional.silu(hidden))


class UNet(nn.Module):
    def __init__(
        self,
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
            return nn.ModuleList(ResidualBlock(a, b, embedding) for a, b in pairwise(sizes))

        self.embed = NoiseEmbedding(features)
        self.embed_layer = nn.Linear(features, embedding)
        self.stem = nn.Conv2d(shape[0], width, 3, padding=1)
        self.down = nn.ModuleList(column(a, b) for a, b in pairwise([width, *levels]))
        self.up = nn.ModuleList(
            column(below + here, here)
            for here, below in zip(levels[-2::-1], levels[:0:-1], strict=True)
        )
        self.norm = nn.GroupNorm(math.gcd(levels[0], 4), levels[0])
        self.out = nn.Conv2d(levels[0], shape[0], 3, padding=1)

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        noise_level = functional.silu(self.embed_layer(self.embed(c_noise)))
        hidden = self.stem(x)
        passed: list[Tensor] = []
        for depth, column in enumerate(self.down):
            if depth:
                passed.append(hidden)
                hidden = functional.avg_pool2d(hidden, 2)
            for block in column:
                hidden = block(hidden, noise_level)
        for column in self.up:
            hidden = functional.interpolate(hidden, scale_factor=2, mode="nearest")
            hidden = torch.cat([hidden, passed.pop()], dim=1)
            for block in column:
                hidden = block(hidden, noise_level)
        return self.out(functional.silu(self.norm(hidden)))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.project(x).unflatten(-1, (3, self.heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(mixed.transpose(1, 2).reshape(x.shape))


class TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.attention = Attention(width, heads)
        self.second_norm = nn.LayerNorm(width, elementwise_affine=False)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)
        self.modulate = nn.Linear(width, 6 * width)

    def forward(self, x: Tensor, noise_level: Tensor) -> Tensor:
        modulation = self.modulate(functional.silu(noise_level))[:, None].chunk(6, dim=-1)
        scale, shift, gate, mlp_scale, mlp_shift, mlp_gate = modulation
        x = x + gate * self.attention(torch.addcmul(shift, self.first_norm(x), 1 + scale))
        hidden = self.widen(torch.addcmul(mlp_shift, self.second_norm(x), 1 + mlp_scale))
        return x + mlp_gate * self.narrow(functional.gelu(hidden))


class DiT(nn.Module):
    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int,
        depth: int = 2,
        patch: int = 2,
        heads: int = 2,
        features: int = 16,
    ) -> None:
        super().__init__()
        channels, height, columns = shape
        tokens = (height // patch) * (columns // patch)
        self.patch = patch
        self.position = nn.Parameter(torch.empty(tokens, width).uniform_(-0.02, 0.02))
        self.embed = NoiseEmbedding(features)
        self.embed_layer = nn.Linear(features, width)
        self.stem = nn.Linear(channels * patch**2, width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, channels * patch**2)

    def forward(self, x: Tensor, c_noise: Tensor) -> Tensor:
        noise_level = self.embed_layer(self.embed(c_noise))
        patches = functional.pixel_unshuffle(x, self.patch)
        hidden = self.stem(patches.flatten(2).transpose(1, 2)) + self.position
        for block in self.blocks:
            hidden = block(hidden, noise_level)
        scale, shift = self.modulate(functional.silu(noise_level))[:, None].chunk(2, dim=-1)
        out = self.out(torch.addcmul(shift, self.norm(hidden), 1 + scale))
        return functional.pixel_shuffle(out.transpose(1, 2).view(patches.shape), self.patch)


NETWORKS: dict[str, type[nn.Module]] = {"mlp": MLP, "unet": UNet, "dit": DiT}


def edm_loss(
    network: nn.Module, clean: Tensor, noise: Tensor, sigma: Tensor, sigma_data: float
) -> Tensor:
    """Mean over the batch of the weighted denoising error (Karras et al. 2022, equation 8)."""
    level = sigma.view(-1, *[1] * (clean.dim() - 1))
    total = level**2 + sigma_data**2
    noisy = clean + level * noise
    output = network(noisy * total.rsqrt(), sigma.log() / 4)
    denoised = noisy * (sigma_data**2 / total) + output * (level * sigma_data * total.rsqrt())
    weight = total / (level * sigma_data) ** 2
    return (weight * (denoised - clean) ** 2).mean()


@torch.no_grad()
def copy_weights(stack: nn.Module, network: nn.Module) -> None:
    """Give `network` the weights of the only student of `stack`."""
    stacked = {name: p[0] for name, p in stack.named_parameters()}
    layers = dict(network.named_modules())
    for name, p in network.named_parameters():
        value = stacked.pop(name)
        layer, _, kind = name.rpartition(".")
        transposed = kind == "weight" and isinstance(layers[layer], nn.Linear)
        p.copy_(value.T if transposed else value.view(p.shape))
    if stacked:
        raise ValueError(f"the plain network lacks {', '.join(stacked)}; it must mirror the stack")
