"""Precision, recall, density and coverage: how two sets of features lie within each other.

Kynkäänniemi et al. 2019 (arXiv:1904.06991) and Naeem et al. 2020 (arXiv:2002.09797). The manifold
of a set is the union of open balls about its samples, whose radii are the distances to the k-th
nearest other sample.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.closest import apart, closeness, closest, middle, rounding
from lowd.metrics.estimate import Estimate, mean_estimate, proportion
from lowd.metrics.magnitude import common_scale
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows


class Manifolds(NamedTuple):
    """Four scores; the errors are over the samples that are counted, with all balls fixed.

    Resampling would put samples on top of each other, which empties their balls; so what another
    draw of the set that makes the balls would change is not covered.

    Attributes:
        precision: share of generated samples within the manifold of the reference.
        recall: share of reference samples within the manifold of the generated ones.
        density: mean number of reference balls that a generated sample is in, over k. 1 is expected
            of samples of one distribution, and no bound.
        coverage: share of reference samples whose own ball has a generated sample in it.
    """

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


def manifolds(
    generated: Samples, reference: Samples, k: int = 5, entries: int = 2**24
) -> Manifolds:
    """All four scores.

    Balls shrink with the number of samples: compare values at equal numbers only, with those of
    reference samples themselves.

    Args:
        generated: features, (sample, feature).
        reference: features, (sample, feature).
        k: of the nearest neighbour that a ball reaches to.
        entries: float64 numbers held at a time, besides the features.

    Raises:
        ValueError: features differ in number, there are no more than k rows, or a value is not
            finite.
    """
    generated, reference = comparable_rows(at_least=k + 1, generated=generated, reference=reference)
    radii = closest(reference, reference, k, exclude_self=True, entries=entries)[0][:, -1]
    own = closest(generated, generated, k, exclude_self=True, entries=entries)[0][:, -1]
    around = _balls_around(generated, reference, radii, entries)
    nearest, _ = closest(reference, generated, 1, entries=entries)
    return Manifolds(
        proportion(around > 0),
        proportion(_balls_around(reference, generated, own, entries) > 0),
        mean_estimate(around.double() / k),
        proportion(nearest[:, 0] < radii),
    )


def _balls_around(
    samples: Float[Tensor, "sample feature"],
    centres: Float[Tensor, "centre feature"],
    radii: Float[Tensor, " centre"],
    entries: int,
) -> Int[Tensor, " sample"]:
    """How many balls each sample is in."""
    counts = torch.zeros(len(samples), dtype=torch.int64, device=samples.device)
    side = max(1, min(entries // (3 * len(samples)), entries // samples.shape[1]))
    scale = common_scale(samples, centres)
    wide = samples.double() * scale
    # Distances between samples are small against their distance from the origin.
    centre = middle(centres, scale, side)
    squares = (wide - centre).square().sum(dim=1, keepdim=True)
    for block, radius in zip(centres.split(side), radii.split(side), strict=True):
        theirs, radius = block.double() * scale, radius * scale
        products, margin = closeness(wide - centre, theirs - centre)
        # How far within a ball, squared; where rounding could decide, the difference does.
        within = products.mul_(2).sub_(squares).add_(radius.square())
        margin.mul_(2).add_(rounding(wide.shape[1]) * (squares + radius.square()))
        counts += (within > margin).sum(dim=1)
        pairs = (within.abs_() <= margin).nonzero()
        inside = pairs[apart(wide, theirs, pairs, entries) < radius[pairs[:, 1]], 0]
        counts += inside.bincount(minlength=len(samples))
    return counts
