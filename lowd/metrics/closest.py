"""The few nearest samples of each, by brute force, exact and in bounded memory."""

from collections.abc import Iterable
from math import inf, isqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.magnitude import common_scale, norms
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows

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

    Matrix products in float64 find, of each query, all references that may be among the nearest
    for all that products round; the distances of these are computed anew from differences. So a
    copy is at distance exactly 0, and the nearest are exact however large the numbers are against
    what parts them. Of references at one distance the first come first.

    Args:
        query: (query, feature).
        reference: (reference, feature).
        count: how many to name.
        exclude_self: query and reference are the same samples, and none is its own neighbour.
        entries: float64 numbers held at a time; results do not depend on it.

    Returns:
        Distances, ascending, float64, and rows of reference, (query, count).

    Raises:
        ValueError: features differ in number, a value is not finite, or there are fewer references
            than are to be named, or none is.
    """
    query, reference = comparable_rows(at_least=1, query=query, reference=reference)
    if count < 1:
        raise ValueError(f"count {count} names no neighbour; give 1 or more")
    if len(reference) - exclude_self < count:
        raise ValueError(
            f"{len(reference)} references; the nearest {count} need {count + exclude_self}"
        )
    scale = common_scale(query, reference)
    side = max(1, min(isqrt(entries // 2), entries // query.shape[1]))
    # Distances between samples are small against their distance from the origin.
    centre = middle(reference, scale, side)
    distances, rows = [], []
    for start, ours in zip(range(0, len(query), side), query.split(side), strict=True):
        ours = ours.double() * scale
        best = torch.full((len(ours), count), inf, dtype=torch.float64, device=ours.device)
        row = torch.zeros((len(ours), count), dtype=torch.int64, device=ours.device)
        floor = -best
        for offset, block in zip(
            range(0, len(reference), side), reference.split(side), strict=True
        ):
            theirs = block.double() * scale
            itself = exclude_self and start == offset
            pairs, floor = _candidates(ours - centre, theirs - centre, floor, itself)
            found, where = _ranked(pairs, apart(ours, theirs, pairs, entries), *best.shape)
            best, order = torch.cat([best, found], dim=1).sort(dim=1, stable=True)
            row = torch.cat([row, where + offset], dim=1).gather(1, order)[:, :count]
            best = best[:, :count]
        distances.append(best / scale)
        rows.append(row)
    return torch.cat(distances), torch.cat(rows)


def middle(
    samples: Float[Tensor, "row feature"], scale: float, side: int
) -> Float[Tensor, " feature"]:
    """The mean of scaled samples, `side` rows at a time."""
    total = torch.zeros(samples.shape[1], dtype=torch.float64, device=samples.device)
    for block in samples.split(side):
        total += (block.double() * scale).sum(dim=0)
    return total / len(samples)


def closeness(
    ours: Float[Tensor, "query feature"], theirs: Float[Tensor, "reference feature"]
) -> tuple[Float[Tensor, "query reference"], Float[Tensor, "query reference"]]:
    """⟨x, y⟩ − ‖y‖²/2, which grows as ‖x − y‖ falls, and by how much rounding may be off it.

    The bound is that of Higham 2002, §3.1, with room for the rounding of what was subtracted from
    both sides.
    """
    squares = theirs.square().sum(dim=1)
    products = (ours @ theirs.T).sub_(squares / 2)
    margin = torch.outer(torch.linalg.vector_norm(ours, dim=1), squares.sqrt()).add_(squares)
    return products, margin.mul_(rounding(ours.shape[1])).add_(torch.finfo(torch.float64).tiny)


def rounding(features: int) -> float:
    """Relative error that a sum of so many products in float64 never exceeds."""
    return (features + 8) * torch.finfo(torch.float64).eps


def apart(
    ours: Float[Tensor, "query feature"],
    theirs: Float[Tensor, "reference feature"],
    pairs: Int[Tensor, "pair 2"],
    entries: int,
) -> Float[Tensor, " pair"]:
    """Distances of pairs (query, reference), from differences."""
    distances = [
        norms(ours[some[:, 0]] - theirs[some[:, 1]])[:, 0]
        for some in pairs.split(max(1, entries // (4 * ours.shape[1])))
    ]
    return torch.cat(distances) if distances else ours.new_zeros(0)


def _candidates(
    ours: Float[Tensor, "query feature"],
    theirs: Float[Tensor, "reference feature"],
    floor: Float[Tensor, "query rank"],
    itself: bool,
) -> tuple[Int[Tensor, "pair 2"], Float[Tensor, "query rank"]]:
    """Pairs that may be among each query's nearest, in the order of queries and references.

    Args:
        floor: the highest closenesses that references seen so far have at least.
        itself: both are the same samples, and none counts for itself.
    """
    least, margin = closeness(ours, theirs)
    least -= margin
    if itself:
        least.fill_diagonal_(-inf)
    count = floor.shape[1]
    highest = least.topk(min(count, len(theirs)), dim=1).values
    floor = torch.cat([floor, highest], dim=1).topk(count, dim=1).values
    possible = least.add_(margin, alpha=2) >= floor[:, -1:]
    if itself:
        possible.fill_diagonal_(False)
    return possible.nonzero(), floor


def _ranked(
    pairs: Int[Tensor, "pair 2"], distances: Float[Tensor, " pair"], queries: int, count: int
) -> Closest:
    """Of each query the nearest of its pairs; at infinity where it has fewer."""
    distances, order = distances.sort(stable=True)
    query, within = pairs[order, 0].sort(stable=True)
    distances, reference = distances[within], pairs[order, 1][within]
    sizes = query.bincount(minlength=queries)
    rank = torch.arange(len(query), device=query.device) - (sizes.cumsum(0) - sizes)[query]
    kept = rank < count
    best = distances.new_full((queries, count), inf)
    row = reference.new_zeros((queries, count))
    best[query[kept], rank[kept]] = distances[kept]
    row[query[kept], rank[kept]] = reference[kept]
    return best, row
