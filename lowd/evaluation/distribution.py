"""How near generated samples are to the data as a whole, and how diverse they are."""

from collections.abc import Iterator
from math import inf, isfinite, nan

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.evaluation.describing import Described
from lowd.evaluation.references import References
from lowd.evaluation.score import Score, number, share
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.manifolds import manifolds
from lowd.metrics.vendi import vendi_score
from lowd.progress import Watch

NEIGHBOUR = 5
"""Whose distance is the radius of a ball, of precision to coverage."""
Features = Float[Tensor, "sample feature"]
Other = Float[Tensor, "other feature"]


def distribution(generated: Described, references: References, watch: Watch) -> Iterator[Score]:
    """Against held-out samples, or else training samples; levels are of as many real samples."""
    ours = generated.features
    held_out, training = references.held_out, references.training.features
    reference = training if held_out is None else held_out.features
    real = None if held_out is None else _some(training, len(ours))
    watch("Fréchet distance", 0, 4)
    level = nan if real is None else frechet_distance(real, reference).value
    distance = frechet_distance(ours, reference)
    means = "" if real is None else _of(real, ours)
    yield number("frechet", "Fréchet distance", distance, level, means, within=(0, inf))
    watch("kernel distance", 1, 4)
    if min(len(ours), len(reference)) > 2:
        yield number("kid", "KID", kernel_distance(ours, reference), 0, "perfect")
    watch("precision and recall", 2, 4)
    if min(len(ours), len(reference)) > NEIGHBOUR:
        yield from _manifolds(ours, reference, real)
    watch("Vendi score", 3, 4)
    if (ours != 0).any(dim=1).all():
        yield _diversity(ours, reference)
    watch("Vendi score", 4, 4)


def _manifolds(
    ours: Features,
    reference: Other,
    real: Float[Tensor, "real feature"] | None,
) -> Iterator[Score]:
    """Precision, recall, density and coverage."""
    found = manifolds(ours, reference, NEIGHBOUR)
    levels, means = dict.fromkeys(found._fields, nan), ""
    if real is not None and len(real) > NEIGHBOUR:
        theirs = manifolds(real, reference, NEIGHBOUR)._asdict()
        levels, means = {name: one.value for name, one in theirs.items()}, _of(real, ours)
    for name, estimate in found._asdict().items():
        count = len(ours) if name == "precision" else len(reference)
        told = means if isfinite(levels[name]) else ""
        if name == "density":
            yield number(name, name, estimate, levels[name], told, within=(0, inf))
        else:
            yield share(name, name, estimate, count, levels[name], told)


def _diversity(ours: Features, reference: Other) -> Score:
    """The Vendi score, whose level leaves out what has no direction."""
    real = _some(reference, len(ours))
    real = real[(real != 0).any(dim=1)]
    level = vendi_score(real).value if len(real) > 1 else nan
    told = _of(real, ours) if isfinite(level) else ""
    return number("vendi", "Vendi score", vendi_score(ours), level, told, within=(1, len(ours)))


def _of(real: Other, ours: Features) -> str:
    """What a level is of: as many real samples, or how many there are."""
    return "real" if len(real) == len(ours) else f"of {len(real)} real"


def _some(rows: Float[Tensor, "row feature"], count: int) -> Float[Tensor, "some feature"]:
    """So many, evenly spread: files are often in the order of their classes."""
    if len(rows) <= count:
        return rows
    return rows[torch.linspace(0, len(rows) - 1, count).round().long()]
