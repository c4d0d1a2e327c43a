"""Networks that are told a class, or none, beside the noise level.

The class enters as c_noise does: one-hot features beside those of the noise level, so that the
first layer's rows for them are learned class vectors. Class K of K + 1 stands for none (Ho and
Salimans 2022, arXiv:2207.12598).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.models.layers import NoiseEmbedding

FEATURES = 16
"""Fourier features of the noise level, as networks without classes have."""


class ConditionEmbedding(NoiseEmbedding):
    """Fourier features of c_noise, then the class as it was given."""

    def forward(
        self, c_noise: Float[Tensor, "student batch condition"], rows: Sequence[int]
    ) -> Float[Tensor, "student batch feature"]:
        return torch.cat([super().forward(c_noise[..., 0], rows), c_noise[..., 1:]], dim=-1)


def condition(
    c_noise: Float[Tensor, "..."], labels: Int[Tensor, "student batch"], classes: int
) -> Float[Tensor, "student batch condition"]:
    """What a conditional network takes in c_noise's place: c_noise, then the class one-hot.

    Args:
        c_noise: one for all, (student,) or (student, batch).
        labels: classes from 0; K, `classes`, is none.
        classes: K.
    """
    levels = c_noise.reshape(c_noise.shape + (1,) * (2 - c_noise.ndim)).expand(labels.shape)
    # Not by `one_hot`, which reads the labels' range, and so waits for the device.
    hot = (labels[..., None] == torch.arange(classes + 1, device=labels.device)).to(c_noise.dtype)
    return torch.cat([levels[..., None], hot], dim=-1)
