"""Bases of low-dimensional subspaces: drawn, sampled from, compared.

Distances are ‖ÛÛᵀ − UUᵀ‖_F, which no choice of basis changes.
"""

from itertools import permutations

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.distributions.molrg import MoLRG

Points = Float[Tensor, "problem point feature"]
Bases = Float[Tensor, "problem cluster feature rank"]


def draw_problem(
    clusters: int, dimension: int, rank: int, samples: int, generator: torch.Generator
) -> tuple[Float[Tensor, "cluster feature rank"], Float[Tensor, "cluster point feature"]]:
    """Random mutually orthogonal bases, and `samples` standard normal points in each span.

    Raises:
        ValueError: clusters · rank exceeds dimension.
    """
    bases = MoLRG.random(clusters, dimension, rank, generator).bases
    coordinates = torch.randn(clusters, samples, rank, generator=generator, dtype=bases.dtype)
    return bases, coordinates @ bases.mT


def orthonormal(bases: Bases) -> Bases:
    """An orthonormal basis of each span."""
    return torch.linalg.qr(bases.double()).Q


def distance(
    ours: Float[Tensor, "*#stack feature rank"], theirs: Float[Tensor, "*#stack feature rank"]
) -> Float[Tensor, "*stack"]:
    """‖ÛÛᵀ − UUᵀ‖_F of orthonormal bases of one rank r, which is √(2(r − ‖ÛᵀU‖_F²))."""
    overlap = (ours.mT @ theirs).square().sum(dim=(-2, -1))
    return (2 * (ours.shape[-1] - overlap)).clamp_min(0).sqrt()


def matched_distance(ours: Bases, theirs: Bases) -> Float[Tensor, " problem"]:
    """The largest distance over clusters, after the matching of clusters that makes it least."""
    clusters = ours.shape[1]
    every = distance(ours[:, :, None], theirs[:, None])
    matchings = torch.tensor(list(permutations(range(clusters))))
    paired = every[:, torch.arange(clusters), matchings]  # (problem, matching, cluster)
    return paired.amax(dim=2).amin(dim=1)


def polar(
    matrices: Float[Tensor, "*stack feature column"],
) -> Float[Tensor, "*stack feature column"]:
    """The nearest matrices with orthonormal columns."""
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    return left @ right


def principal(
    points: Float[Tensor, "*stack point feature"], rank: int, generator: torch.Generator
) -> Float[Tensor, "*stack feature rank"]:
    """The first `rank` principal directions of each set of points about 0.

    Points that span fewer leave the rest open: it is filled up with random directions, as those of
    a denoiser that was initialised at random.
    """
    _, values, right = torch.linalg.svd(points, full_matrices=False)
    shape = (*points.shape[:-2], points.shape[-1], rank)
    found = torch.randn(shape, generator=generator, dtype=points.dtype)
    kept = min(rank, right.shape[-2])
    is_open = values[..., None, :kept] <= 1e-9 * values[..., None, :1]
    found[..., :kept] = torch.where(is_open, found[..., :kept], right.mT[..., :kept])
    return torch.linalg.qr(found).Q
