"""What a copy-detection descriptor learns (SSCD: Pizzi et al. 2022, arXiv:2202.10261)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Features = Float[Tensor, "image feature"]
NEAREST = 1e-4
"""Below this distance the entropy term no longer pushes: its gradient would have no bound."""


def info_nce(one: Features, other: Features, temperature: float) -> Float[Tensor, ""]:
    """InfoNCE: tell the other copy of every image from all other copies in the batch.

    Mean over both copies i of −log exp(⟨z_i, z_j⟩/t) / Σ_{k≠i} exp(⟨z_i, z_k⟩/t), j its counterpart
    (NT-Xent: Chen et al. 2020, arXiv:2002.05709, equation 1).

    Args:
        one: features of one copy of every image, of unit norm.
        other: of another copy, row by row.
        temperature: t.
    """
    features = torch.cat([one, other])
    similar = (features @ features.T / temperature).fill_diagonal_(-torch.inf)
    counterparts = torch.arange(len(features), device=features.device).roll(len(one))
    return functional.cross_entropy(similar, counterparts)


def spread(one: Features, other: Features) -> Float[Tensor, ""]:
    """The entropy regulariser: −mean log of the distance to the nearest copy of another image.

    Its least value spreads features evenly over the sphere (Kozachenko & Leonenko's estimate of
    differential entropy, up to constants; Sablayrolles et al. 2019, arXiv:1806.03198).
    """
    features = torch.cat([one, other])
    with torch.no_grad():
        similar = features @ features.T
        image = torch.arange(len(one), device=one.device).repeat(2)
        similar[image[:, None] == image] = -torch.inf
        nearest = similar.argmax(dim=1)
    distance = torch.linalg.vector_norm(features - features[nearest], dim=1)
    return -distance.clamp(min=NEAREST).log().mean()
