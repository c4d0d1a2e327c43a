"""Variational autoencoder of any architecture (Kingma & Welling 2014, arXiv:1312.6114)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lowd.models.build import build
from lowd.models.settings import ModelSettings


class Autoencoder(nn.Module):
    """Two networks that know no noise level: one to latents of the sample's own shape, one back.

    Args:
        settings: the architecture of both.
        students: size of the stack.
        shape: shape of one sample.
    """

    def __init__(self, settings: ModelSettings, students: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.encoder = build(settings, students, (2 * shape[0], *shape[1:]))
        self.decoder = build(settings, students, shape)

    def encode(
        self, x: Float[Tensor, "student batch *shape"]
    ) -> tuple[Float[Tensor, "student batch *shape"], Float[Tensor, "student batch *shape"]]:
        """Mean and log variance of the latents."""
        both = self.encoder(torch.cat([x, torch.zeros_like(x)], dim=2), x.new_zeros(()))
        mean, log_variance = both.chunk(2, dim=2)
        return mean, log_variance.clamp(-12, 4)

    def decode(
        self, latent: Float[Tensor, "student batch *shape"]
    ) -> Float[Tensor, "student batch *shape"]:
        """Mean of the data."""
        return self.decoder(latent, latent.new_zeros(()))
