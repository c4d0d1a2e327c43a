"""Directions of edits, each image's own, by their names."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.geometry.directions import brightening, project_out, unit
from lowd.kinds.editing.measure_edits_step import MeasureEditsStep
from lowd.kinds.editing.places import Place
from lowd.streams import stream

RANDOM, RANDOM_INSIDE, REGION, BEST = "random", "random-in-region", "region", "best"


@dataclass(frozen=True)
class Direction:
    """Unit vectors, one an image.

    Attributes:
        vectors: (M, d).
        left: what a projection left of the unit vector; 1 where there was none.
    """

    vectors: Float[Tensor, "noise feature"]
    left: Float[Tensor, " noise"]


def local_edit(protected: int) -> str:
    """What LOCO Edit's direction is called with so many directions of the rest projected out."""
    return f"loco-{protected}" if protected else REGION


def names(settings: MeasureEditsStep) -> list[str]:
    """Every direction's name, in order."""
    return [
        RANDOM,
        RANDOM_INSIDE,
        *(f"singular-{order}" for order in settings.singular),
        *(local_edit(protected) for protected in settings.protect),
        BEST,
    ]


def directions(
    settings: MeasureEditsStep, place: Place, inside: Bool[Tensor, " feature"]
) -> dict[str, Direction]:
    """Directions at a place, by name.

    Raises:
        NothingLeft: a projection left less than is allowed.
    """
    draws = torch.randn(
        len(place.x),
        place.x[0].numel(),
        generator=stream(settings.seed, "directions"),
        dtype=torch.float64,
    )
    whole, _ = place.local.right(settings.singular[-1])
    found = {RANDOM: unit(draws), RANDOM_INSIDE: unit(draws * inside)}
    found |= {
        f"singular-{order}": brightening(whole[..., order - 1]) for order in settings.singular
    }
    edits = protected_edits(settings, place, inside, settings.protect)
    found[BEST] = brightening(place.local.best(inside, settings.protect[-1], settings.floor))
    every = {name: Direction(v, v.new_ones(len(v))) for name, v in found.items()} | edits
    return {name: every[name] for name in names(settings)}


def protected_edits(
    settings: MeasureEditsStep,
    place: Place,
    inside: Bool[Tensor, " feature"],
    protect: tuple[int, ...],
) -> dict[str, Direction]:
    """LOCO Edit's directions of a region, for each number of protected directions."""
    top, _ = place.local.right(1, inside)
    rest, _ = place.local.right(max(1, *protect), ~inside)
    found = {}
    for protected in protect:
        basis = rest[..., :protected]
        vectors, left = project_out(top[..., 0], basis, settings.least_left)
        found[local_edit(protected)] = Direction(brightening(vectors), left)
    return found
