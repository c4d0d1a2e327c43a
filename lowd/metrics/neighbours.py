"""Nearest neighbours by brute force, exact and in bounded memory."""

from itertools import count
from math import inf, isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.closest import closest
from lowd.metrics.descriptors import unit
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows

Neighbours = tuple[Float[Tensor, " query"], Int[Tensor, " query"]]


def nearest(
    query: Samples, reference: Samples, exclude_self: bool = False, entries: int = 2**24
) -> Neighbours:
    """Euclidean distance from each query to its nearest reference, and that reference's row.

    Exact, as `lowd.metrics.closest.closest` is, at any size of the numbers; a copy is at distance
    exactly 0. Of several references at one distance the first is named.

    Args:
        query: (query, feature).
        reference: (reference, feature).
        exclude_self: query and reference are the same samples, and none is its own neighbour.
        entries: float64 numbers held at a time; results do not depend on it.

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
    distances, rows = closest(query, reference, 1, exclude_self, entries)
    return distances[:, 0], rows[:, 0]


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

    side = max(1, min(isqrt(entries), entries // query.shape[1]))
    values, rows = [], []
    for ours in query.split(side):
        ours = unit(ours.double())
        best = torch.full((len(ours),), -inf, dtype=torch.float64, device=ours.device)
        row = torch.zeros(len(ours), dtype=torch.int64, device=ours.device)
        for offset, theirs in zip(count(0, side), reference.split(side)):
            score, where = (ours @ unit(theirs.double()).T).max(dim=1)
            row = torch.where(score > best, where + offset, row)
            best = torch.maximum(score, best)
        values.append((ours * unit(reference[row].double())).sum(dim=1))
        rows.append(row)
    return torch.cat(values), torch.cat(rows)
