"""The few nearest samples of each, by brute force, exact and in bounded memory."""

from collections.abc import Iterable
from math import inf, isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.rows import Samples, comparable_rows

Closest = tuple[Float[Tensor, "query rank"], Int[Tensor, "query rank"]]


def closest_views(
    query: Float[Tensor, "query feature"],
    blocks: Iterable[Float[Tensor, "_view _row feature"]],
    count: int = 2,
    own: Int[Tensor, " query"] | None = None,
) -> Closest:
    """The most similar references of each query, where a reference has several views of itself.

    The similarity with a reference is that with its most similar view.

    Args:
        query: features of unit norm.
        blocks: views of all references, of unit norm, some references at a time and in their order.
            A block is held with two tables of similarities (query, row).
        count: how many to name.
        own: of each query the reference that it is itself, which does not count.

    Returns:
        Cosines, descending, and rows of references, (query, count); −inf and −1 where there are
        fewer references.
    """
    best = torch.full((len(query), count), -inf, dtype=query.dtype, device=query.device)
    rows = torch.full((len(query), count), -1, dtype=torch.int64, device=query.device)
    first = 0
    for views in blocks:
        similarity = query @ views[0].T
        for view in views[1:]:
            torch.maximum(similarity, query @ view.T, out=similarity)
        size = views.shape[1]
        if own is not None:
            here = ((own >= first) & (own < first + size)).nonzero().flatten()
            similarity[here, own[here] - first] = -inf
        found, where = similarity.topk(min(count, size), dim=1)
        best, order = torch.cat([best, found], dim=1).topk(count, dim=1)
        rows = torch.cat([rows, where + first], dim=1).gather(1, order)
        first += size
    return best, rows.where(best > -inf, -1)


def closest(
    query: Samples,
    reference: Samples,
    count: int,
    exclude_self: bool = False,
    entries: int = 2**24,
) -> Closest:
    """Euclidean distances from each query to its nearest references, and their rows.

    As `lowd.metrics.nearest`, which names one: candidates come from matrix products in float64, and
    the distances of those found are computed anew from differences.

    Args:
        query: (query, feature).
        reference: (reference, feature).
        count: how many to name.
        exclude_self: query and reference are the same samples, and none is its own neighbour.
        entries: float64 numbers held at a time.

    Returns:
        Distances, ascending, float64, and rows of reference, (query, count).

    Raises:
        ValueError: features differ in number, a value is not finite, or there are fewer references
            than are to be named.
    """
    query, reference = comparable_rows(at_least=1, query=query, reference=reference)
    if len(reference) - exclude_self < count:
        raise ValueError(
            f"{len(reference)} references; the nearest {count} need {count + exclude_self}"
        )
    # Distances between samples are small against their distance from the origin.
    centre = reference.mean(dim=0, dtype=torch.float64)
    side = max(1, min(isqrt(entries), entries // query.shape[1]))
    distances, rows = [], []
    for start, ours in zip(range(0, len(query), side), query.split(side), strict=True):
        ours = ours.double()
        best = torch.full((len(ours), count), -inf, dtype=torch.float64, device=ours.device)
        row = torch.zeros((len(ours), count), dtype=torch.int64, device=ours.device)
        for offset, block in zip(
            range(0, len(reference), side), reference.split(side), strict=True
        ):
            theirs = block.double() - centre
            score = (ours - centre) @ theirs.T - theirs.square().sum(dim=1) / 2
            if exclude_self and start == offset:
                score.fill_diagonal_(-inf)
            found, where = score.topk(min(count, len(theirs)), dim=1)
            best, order = torch.cat([best, found], dim=1).topk(count, dim=1)
            row = torch.cat([row, where + offset], dim=1).gather(1, order)
        distance = torch.stack(
            [
                torch.linalg.vector_norm(ours - reference[row[:, rank]].double(), dim=1)
                for rank in range(count)
            ],
            dim=1,
        )
        distance, order = distance.sort(dim=1)
        distances.append(distance)
        rows.append(row.gather(1, order))
    return torch.cat(distances), torch.cat(rows)
