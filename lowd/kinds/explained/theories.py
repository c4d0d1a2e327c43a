"""Closed-form students: what each makes of noises, from a training set alone."""

from collections.abc import Callable, Iterator
from math import log

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.distributions.fitting import fit_gaussian, fit_molrg
from lowd.distributions.local import (
    EquivariantLocalEmpirical,
    LocalEmpirical,
    Neighbourhoods,
    wiener_neighbourhoods,
    windows,
)
from lowd.kinds.explained.settings import MixtureSettings

SIDES = (1, 3, 5, 7, 11, 15)
"""Of windows that are tried, besides one of the whole image."""
FITTED = 32
"""Held-out points that windows are chosen by."""
PER_CLUSTER = 8
"""Points that a mixture needs for each of its clusters, at least."""

Points = Float[Tensor, "point channel height width"]
HeldOut = Float[Tensor, "held_out channel height width"]


def of_training_set(
    points: Points, mixture: MixtureSettings | None, seed: int
) -> Iterator[tuple[str, Denoiser]]:
    """Theories that no student has a say in, by name.

    Args:
        points: the training set.
        mixture: of the mixture that is fitted, if one is asked for.
        seed: of its starts.
    """
    yield "gaussian", fit_gaussian(points.numpy()).denoise
    yield "pca locality", LocalEmpirical(points, wiener_neighbourhoods(points)).denoise
    if mixture is not None and len(points) >= PER_CLUSTER * mixture.clusters:
        fitted = fit_molrg(points.numpy(), mixture.clusters, mixture.rank, seed)
        yield "mixture", fitted.denoise


def sides_tried(shape: tuple[int, ...]) -> list[int]:
    """Sides of windows, ascending, the last of the whole image."""
    whole = 2 * max(shape[-2:]) - 1
    return [*(side for side in SIDES if side < whole), whole]


def fitted_sides(
    student: Denoiser, points: Points, held_out: HeldOut, noise: HeldOut, sigmas: list[float]
) -> list[int]:
    """At every level the side of window that comes nearest to a student.

    Args:
        student: D(x, sigma).
        points: its training set.
        held_out: points that it did not learn from.
        noise: unit noises, one for each.
        sigmas: levels.

    Returns:
        The sides of least mean squared difference of denoised held-out points.
    """
    height, width = points.shape[-2:]
    tried = sides_tried(tuple(points.shape[1:]))
    found = []
    for sigma in sigmas:
        noisy = held_out + sigma * noise
        with torch.no_grad():
            target = student(noisy, sigma)
        distances = []
        for side in tried:
            local = LocalEmpirical(points, _always(windows(height, width, side)))
            distances.append(float((local.denoise(noisy, sigma) - target).square().mean()))
        found.append(tried[distances.index(min(distances))])
    return found


def local_machines(
    points: Points, sigmas: list[float], sides: list[int], equivariant: bool
) -> Iterator[tuple[str, Denoiser]]:
    """The local score machine with these windows, and the one of patches from anywhere.

    Args:
        points: the training set.
        sigmas: levels.
        sides: of the windows at each; in between, those of the nearest level count.
        equivariant: whether patches from anywhere are to be tried.
    """
    height, width = points.shape[-2:]
    side = _nearest_level(sigmas, sides)
    masks = {each: windows(height, width, each) for each in set(sides)}
    yield "local", LocalEmpirical(points, lambda sigma: masks[side(sigma)]).denoise
    if equivariant:
        yield "equivariant", EquivariantLocalEmpirical(points, side).denoise


def _always(around: Bool[Tensor, "pixel pixel"]) -> Neighbourhoods:
    """The same neighbourhoods at every level."""
    return lambda sigma: around


def _nearest_level(sigmas: list[float], sides: list[int]) -> Callable[[float], int]:
    def side(sigma: float) -> int:
        distance = [abs(log(sigma / level)) for level in sigmas]
        return sides[distance.index(min(distance))]

    return side
