"""Subspace clustering: K-subspaces from a spectral start (Agarwal and Mustafa 2004; Vidal 2011)."""

import warnings

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.cluster import SpectralClustering
from torch import Tensor

from lowd.theory.subspaces import Bases, Points, polar, principal

Labels = Int[Tensor, "problem point"]
ROUNDS = 100
PULL = 1e-3
"""How strongly joint bases keep where they are, relative to the points' mean square."""


def k_subspaces(
    points: Points, clusters: int, rank: int, generator: torch.Generator, *, joint: bool
) -> Bases:
    """Orthonormal bases that alternate with the assignment of points to their nearest span.

    Args:
        points: of every problem.
        clusters: how many subspaces.
        rank: of each.
        generator: directions that the points leave open, and the seed of the spectral start.
        joint: whether bases are mutually orthogonal too, as the theorem has them.
    """
    labels = torch.stack([_spectral(one, clusters, generator) for one in points])
    bases = _bases(points, labels, clusters, rank, generator)
    if joint:
        bases = _joint(points, labels, bases)
    for _ in range(ROUNDS):
        # (problem, cluster, point): how much of a point each span has
        moved = (points[:, None] @ bases).square().sum(dim=3).argmax(dim=1)
        if torch.equal(moved, labels):
            break
        labels = moved
        bases = (
            _joint(points, labels, bases)
            if joint
            else _bases(points, labels, clusters, rank, generator)
        )
    return bases


def _spectral(
    points: Float[Tensor, "point feature"], clusters: int, generator: torch.Generator
) -> Int[Tensor, " point"]:
    """Clusters of the graph whose weights are squared cosines, 0 between orthogonal subspaces."""
    unit = torch.nn.functional.normalize(points, dim=1)
    seed = int(torch.randint(2**31, (), generator=generator))
    split = SpectralClustering(clusters, affinity="precomputed", random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Graph is not fully connected")
        labels = split.fit_predict((unit @ unit.T).square().numpy())
    return torch.from_numpy(labels.astype(np.int64))


def _members(points: Points, labels: Labels, clusters: int) -> Float[Tensor, "p k n d"]:
    """Every cluster's points, the others set to 0."""
    own = torch.nn.functional.one_hot(labels, clusters).mT[..., None]
    return own * points[:, None]


def _bases(
    points: Points, labels: Labels, clusters: int, rank: int, generator: torch.Generator
) -> Bases:
    return principal(_members(points, labels, clusters), rank, generator)


def _joint(points: Points, labels: Labels, bases: Bases) -> Bases:
    """Σ_k tr(U_kᵀ S_k U_k) made largest over bases whose union is orthonormal.

    The sum is convex in the bases: maximising its tangent instead, which takes a polar factor,
    never lowers it. A small pull towards the last bases settles directions that no point shows.
    """
    clusters, rank = bases.shape[1], bases.shape[3]
    members = _members(points, labels, clusters)
    scatter = members.mT @ members
    pull = PULL * points.square().sum(dim=(1, 2))[:, None, None, None] / points.shape[1]
    for _ in range(ROUNDS):
        ahead = scatter @ bases + pull * bases
        frame = polar(ahead.movedim(1, 2).flatten(2))
        new = frame.unflatten(2, (clusters, rank)).movedim(2, 1)
        if torch.allclose(new, bases, atol=1e-9):
            break
        bases = new
    return bases
