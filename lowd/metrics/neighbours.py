"""Nearest neighbours by brute force, exact and in bounded memory."""

from collections.abc import Callable
from itertools import count
from math import inf, isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.descriptors import unit
from lowd.metrics.rows import Samples, comparable_rows

Neighbours = tuple[Float[Tensor, " query"], Int[Tensor, " query"]]


def nearest(
    query: Samples, reference: Samples, exclude_self: bool = False, entries: int = 2**24
) -> Neighbours:
    """Euclidean distance from each query to its nearest reference, and that reference's row.

    Candidates are found by matrix products in float64 and the winner's distance is computed anew
    from the difference, so a copy is at distance exactly 0.

    Args:
        query: (query, feature).
        reference: (reference, feature).
        exclude_self: query and reference are the same samples, and none is its own neighbour.
        entries: float64 numbers held at a time; results do not depend on it, except which of
            several references at one distance is named.

    Returns:
        Distances (query,) in feature units, float64, and rows of reference (query,).

    Raises:
        ValueError: features differ in number, a value is not finite, or `exclude_self` with
            different numbers of samples or a single one.
    """
    query, reference = comparable_rows(at_least=1, query=query, reference=reference)
    if exclude_self and not len(query) == len(reference) > 1:
        raise ValueError(
            f"exclude_self with {len(query)} queries and {len(reference)} references; "
            "give the same two or more samples as both"
        )
    # Distances between samples are small against their distance from the origin.
    centre = reference.mean(dim=0, dtype=torch.float64)

    def closeness(ours: Tensor, theirs: Tensor) -> Tensor:
        ours, theirs = ours - centre, theirs - centre
        return ours @ theirs.T - theirs.square().sum(dim=1) / 2

    def distance(ours: Tensor, theirs: Tensor) -> Tensor:
        return torch.linalg.vector_norm(ours - theirs, dim=1)

    return _scan(query, reference, closeness, distance, exclude_self, entries)


def most_similar(query: Samples, reference: Samples, entries: int = 2**24) -> Neighbours:
    """Cosine of each query with its most similar reference, and that reference's row.

    Args:
        query: (query, feature); rows are normalised here.
        reference: (reference, feature); rows are normalised here.
        entries: as for `nearest`.

    Returns:
        Cosines (query,), float64, and rows of reference (query,).

    Raises:
        ValueError: features differ in number, or a value is not finite.
    """
    query, reference = comparable_rows(at_least=1, query=query, reference=reference)

    def closeness(ours: Tensor, theirs: Tensor) -> Tensor:
        return unit(ours) @ unit(theirs).T

    def cosine(ours: Tensor, theirs: Tensor) -> Tensor:
        return (unit(ours) * unit(theirs)).sum(dim=1)

    return _scan(query, reference, closeness, cosine, False, entries)


def _scan(
    query: Float[Tensor, "query feature"],
    reference: Float[Tensor, "reference feature"],
    closeness: Callable[[Tensor, Tensor], Tensor],
    measure: Callable[[Tensor, Tensor], Tensor],
    exclude_self: bool,
    entries: int,
) -> Neighbours:
    """`measure` of each query with its closest reference, whose row is named."""
    side = max(1, min(isqrt(entries), entries // query.shape[1]))
    values, rows = [], []
    for start, ours in zip(count(0, side), query.split(side)):
        ours = ours.double()
        best = torch.full((len(ours),), -inf, dtype=torch.float64, device=ours.device)
        row = torch.zeros(len(ours), dtype=torch.int64, device=ours.device)
        for offset, theirs in zip(count(0, side), reference.split(side)):
            scores = closeness(ours, theirs.double())
            if exclude_self and start == offset:
                scores.fill_diagonal_(-inf)
            score, where = scores.max(dim=1)
            row = torch.where(score > best, where + offset, row)
            best = torch.maximum(score, best)
        values.append(measure(ours, reference[row].double()))
        rows.append(row)
    return torch.cat(values), torch.cat(rows)
