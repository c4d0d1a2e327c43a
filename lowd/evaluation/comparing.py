"""Which references each sample is nearest to."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from lowd.evaluation.describing import REFERENCES, Described
from lowd.metrics.closest import Closest, closest, closest_views
from lowd.metrics.descriptors import unit
from lowd.progress import Watch


@dataclass(frozen=True, eq=False)
class Matches:
    """What each sample is nearest to.

    Attributes:
        similarity: cosine with the most similar training sample.
        nearest: its row.
        ratio: d₁/d₂, Euclidean distances of pixels, or of vectors, to the two nearest; 0 of a copy
            of a training sample that is there twice.
    """

    similarity: Float[np.ndarray, " sample"]
    nearest: Int[np.ndarray, " sample"]
    ratio: Float[np.ndarray, " sample"]


def match(generated: Described, training: Described, watch: Watch) -> Matches:
    """Compare every generated sample with every training sample."""
    name = generated.samples.name
    similarity, rows = most_similar(generated.features, training, 1, watch, f"comparing {name}")
    return Matches(
        similarity[:, 0].double().cpu().numpy(),
        rows[:, 0].cpu().numpy(),
        distance_ratio(generated.pixels, training.pixels),
    )


def most_similar(
    query: Float[Tensor, "query feature"],
    reference: Described,
    count: int,
    watch: Watch,
    what: str,
    own: Int[Tensor, " query"] | None = None,
) -> Closest:
    """As `lowd.metrics.closest.closest_views`, of features that need not have unit norm."""
    own = own if own is None else own.to(query.device)
    ours = unit(query).to(reference.features.dtype)  # files may be of single and double precision
    return closest_views(ours, _watched(reference, watch, what), count, own)


def distance_ratio(
    query: Float[Tensor, "query pixel"],
    reference: Float[Tensor, "reference pixel"],
    exclude_self: bool = False,
) -> Float[np.ndarray, " query"]:
    """d₁/d₂ of each query (Yoon et al. 2023; below ⅓ it counts as memorised); NaN without a second.

    Args:
        query: pixels or vectors.
        reference: likewise.
        exclude_self: both are the same samples.
    """
    if len(reference) - exclude_self < 2:
        return np.full(len(query), np.nan)
    distances, _ = closest(query, reference, 2, exclude_self=exclude_self)
    first, second = distances.cpu().numpy().T
    return np.divide(first, second, out=np.zeros_like(first), where=second > 0)


def _watched(
    reference: Described, watch: Watch, what: str
) -> Iterator[Float[Tensor, "view row feature"]]:
    blocks = (
        reference.views()
        if reference.views
        else (unit(block)[None] for block in reference.features.split(REFERENCES))
    )
    total, done = len(reference.features), 0
    for block in blocks:
        yield block
        done += block.shape[1]
        watch(what, done, total)
