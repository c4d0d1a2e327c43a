"""Whether edits can be made together, one after the other, and on other images."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.geometry.directions import locality
from lowd.kinds.editing.changes import ByImage
from lowd.kinds.editing.places import Place, Places


def compose(
    places: Places,
    place: Place,
    one: Float[Tensor, "noise feature"],
    other: Float[Tensor, "noise feature"],
) -> ByImage:
    """Two edits, given as steps, at once and one after the other; (noise).

    Two steps at one state add up whatever a denoiser does; their effects need not:
    `compose_residual` is ‖Δ(a+b) − Δa − Δb‖/‖Δ(a+b)‖, and `compose_cosine` that of the two. Made
    one after the other, with the first edited image inverted in between, they leave
    `then_residual`, of which `round_trip` is what inversion alone does, over the size of the edit.
    """
    both, first, second = (places.change(place, step) for step in (one + other, one, other))
    edited = (place.end + first).reshape(place.x.shape).to(place.x)
    state = places.passage(place.sigma).up(edited)
    again = places.end(state, place.sigma)
    with_second = state + other.reshape(state.shape).to(state)
    then = places.end(with_second, place.sigma) - place.end
    size = both.norm(dim=1)
    return {
        "compose_residual": (both - first - second).norm(dim=1) / size,
        "compose_cosine": torch.cosine_similarity(both, first + second),
        "then_residual": (then - both).norm(dim=1) / size,
        "round_trip": (again - place.end - first).norm(dim=1) / first.norm(dim=1),
    }


def transfer(places: Places, place: Place, step: Float[Tensor, "noise feature"]) -> ByImage:
    """Every image's edit on the next image; (noise).

    `transfer_gain` is the size of the change over that of the next image's own edit, and
    `transfer_cosine` compares it with what it does where it comes from.
    """
    own = places.change(place, step)
    carried = places.change(place, step.roll(1, 0))
    return {
        "transfer_locality": locality(carried, places.inside),
        "transfer_gain": carried.norm(dim=1) / own.norm(dim=1),
        "transfer_cosine": torch.cosine_similarity(carried, own.roll(1, 0)),
    }
