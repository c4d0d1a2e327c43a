"""How well a descriptor finds copies."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, binomial_error, mean_estimate


class CopyDetection(NamedTuple):
    """How well copies are found; standard errors are over images.

    Attributes:
        found: share of copies more similar to their original than the threshold.
        mistaken: share of copies that are so to the original of another image, over all pairs.
        precision: mean average precision of the originals ranked by similarity to a copy, which
            has one original: the mean of 1 / rank.
    """

    found: Estimate
    mistaken: Estimate
    precision: Estimate


def copy_detection(
    originals: Float[Tensor, "image feature"],
    copies: Float[Tensor, "image feature"],
    threshold: float,
) -> CopyDetection:
    """Of images and of one copy of each, row by row.

    Raises:
        ValueError: there are fewer than two images.
    """
    if len(originals) < 2:
        raise ValueError(f"{len(originals)} image has no other to be mistaken for; give two")
    similar = unit(copies.double()) @ unit(originals.double()).T
    own = similar.diagonal()
    # Ties count against the descriptor: one that says nothing ranks originals by nothing.
    ranks = (similar >= own[:, None]).sum(dim=1)
    above = similar > threshold
    hits = above.diagonal()
    others = (above.sum(dim=1) - hits.long()).double() / (len(similar) - 1)
    return CopyDetection(
        Estimate(float(hits.double().mean()), binomial_error(int(hits.sum()), len(hits))),
        mean_estimate(others),
        mean_estimate(1 / ranks.double()),
    )
