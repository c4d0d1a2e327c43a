"""Which of many candidates a training set is made of, to keep its entropy up.

Farthest-point traversal is Gonzalez 1985; a filter whose threshold decays until enough are kept is
after arXiv:2509.16499, which selects from the union of all sets so far.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.neighbours import nearest

DECAY = 0.95
"""By how much the threshold falls where too few are kept."""


class Filtered(NamedTuple):
    """Rows that a filter kept, in the order of the candidates, and the distance it came to."""

    rows: Int[Tensor, " kept"]
    threshold: float


def farthest(candidates: Float[Tensor, "candidate feature"], count: int) -> Int[Tensor, " kept"]:
    """Rows of `count` candidates: the first, then always the one farthest from all picked so far.

    Raises:
        ValueError: there are fewer candidates.
    """
    _check_enough(candidates, count)
    rows = [0]
    apart = torch.linalg.vector_norm(candidates - candidates[0], dim=1)
    while len(rows) < count:
        apart[rows[-1]] = -1  # never again, even where all others coincide with some picked
        rows.append(int(apart.argmax()))
        away = torch.linalg.vector_norm(candidates - candidates[rows[-1]], dim=1)
        apart = torch.minimum(apart, away)
    return torch.tensor(rows)


def filtered(
    candidates: Float[Tensor, "candidate feature"], count: int, threshold: float
) -> Filtered:
    """Candidates in turn, each kept if none kept before is nearer than the threshold.

    Where fewer than `count` are kept the threshold falls by DECAY, and all are looked at anew.

    Raises:
        ValueError: there are fewer candidates, or the threshold is negative.
    """
    _check_enough(candidates, count)
    if threshold < 0:
        raise ValueError(f"threshold: {threshold} is negative; give a distance")
    distances = torch.cdist(candidates, candidates, compute_mode="donot_use_mm_for_euclid_dist")
    while True:
        rows: list[int] = []
        for row, away in enumerate(distances):
            if not rows or away[rows].min() >= threshold:
                rows.append(row)
            if len(rows) == count:
                return Filtered(torch.tensor(rows), threshold)
        # Coincident candidates are apart by no distance but 0.
        threshold = threshold * DECAY if threshold > 1e-12 else 0.0


def spacing(points: Float[Tensor, "point feature"], quantile: float) -> float:
    """A quantile of the distances between points and their nearest others."""
    distances, _ = nearest(points, points, exclude_self=True)
    return float(distances.quantile(quantile))


def _check_enough(candidates: Tensor, count: int) -> None:
    if len(candidates) < count:
        raise ValueError(f"{len(candidates)} candidates; {count} are to be kept: draw more")
