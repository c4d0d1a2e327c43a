"""What an edit changes: how much, where, and how far in proportion to its length."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.geometry.directions import locality
from lowd.kinds.editing.places import Place, Places

ByImage = dict[str, Tensor]
"""Numbers by their names, images along the last axis."""


def linear_part(
    pushed: Float[Tensor, "noise feature"],
    vectors: Float[Tensor, "noise feature"],
    inside: Bool[Tensor, " feature"],
) -> ByImage:
    """Of Jv: its length, its share inside, and vᵀJv; (noise)."""
    return {
        "gain": pushed.norm(dim=1),
        "locality": locality(pushed, inside),
        "quadratic": (pushed * vectors).sum(1),
    }


def along(
    places: Places,
    place: Place,
    vectors: Float[Tensor, "noise feature"],
    pushed: Float[Tensor, "noise feature"],
    strengths: tuple[float, ...],
) -> tuple[ByImage, Float[Tensor, "strength noise feature"]]:
    """Changes of the denoised and of the final image at every strength; (strength, noise).

    Strengths are lengths over σ. `cosine` and `residual` compare the denoised image's change with
    λJv; `end_cosine` compares the final image's with that at the smallest strength, and `odd` with
    the negative of what the opposite edit does.

    Returns:
        The numbers; and the changed final images for steps in both directions, the most negative
        first, without the unedited one between them.
    """
    inside, rows = places.inside, []
    signed = [-strength for strength in reversed(strengths)] + list(strengths)
    ends = _ends(places, place, vectors, signed)
    count = len(strengths)
    first = ends[count] - place.end
    for position, strength in enumerate(strengths):
        step = strength * place.sigma
        with torch.no_grad():
            denoised = places.denoise(places.moved(place, step * vectors), place.sigma)
        change, expected = denoised.flatten(1).double() - place.denoised, step * pushed
        forth = ends[count + position] - place.end
        back = ends[count - 1 - position] - place.end
        rows.append(
            {
                "cosine": torch.cosine_similarity(change, expected),
                "residual": (change - expected).norm(dim=1) / expected.norm(dim=1),
                "odd": torch.cosine_similarity(forth, -back),
                "end_cosine": torch.cosine_similarity(forth, first),
                "end_gain": forth.norm(dim=1) / step,
                "end_locality": locality(forth, inside),
                "inside_rms": forth[:, inside].square().mean(1).sqrt(),
                "outside_rms": forth[:, ~inside].square().mean(1).sqrt(),
            }
        )
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}, ends


def _ends(
    places: Places, place: Place, vectors: Float[Tensor, "noise feature"], strengths: list[float]
) -> Float[Tensor, "strength noise feature"]:
    """Final images for all steps, which go through the flow together."""
    moved = [places.moved(place, strength * place.sigma * vectors) for strength in strengths]
    ends = places.end(torch.cat(moved), place.sigma)
    return ends.unflatten(0, (len(strengths), len(vectors)))
