"""Markers that forward passes of a stack of denoisers give."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.empirical import Empirical
from lowd.geometry.local_dimension import local_dimension
from lowd.kinds.markers.places import POINTS, Places, TrainingSet
from lowd.kinds.markers.trajectory import visited
from lowd.metrics.detection import area_under_roc
from lowd.metrics.estimate import Estimate, mean_estimate, root_mean_square
from lowd.metrics.memorised_fraction import memorised_fraction

OVER_LEVELS = (
    "loss_training",
    "loss_held_out",
    "gap_level",
    "s_level",
    "s_level_other",
    "memory_training",
    "memory_trajectory",
    "truth_training",
    "truth_trajectory",
)
"""What is measured at every level, in the order of `over_levels`."""
Table = list[Estimate]


def over_levels(
    denoise: Denoiser,
    sets: Sequence[TrainingSet],
    places: Places,
    teacher: Denoiser,
    start: Float[Tensor, " noise *shape"],
    sampler: SamplerSettings,
) -> list[list[Table]]:
    """For each student and level, estimates in the order of OVER_LEVELS.

    Losses are mean squared errors, shares of the data's variance, on noisy training points and on
    noisy points that nobody learned from; the gap is the second less the first, less the teacher's
    own on the same points and noises, which is 0 but for the choice of points. s is what part of
    the way from the teacher's denoised held-out points to the empirical denoiser's a student has
    gone, of its own training set or of another. `memory` and `truth` are root mean square distances
    from the empirical denoiser and from the teacher, in units of the data's spread, on noisy
    training points and on the student's own trajectory (Song et al. 2025, arXiv:2510.01378).

    Args:
        denoise: D(x, sigma) of the stack, x (student, M, *shape).
        sets: its training sets.
        places: points, noises and levels.
        teacher: the exact denoiser, of x (M, *shape).
        start: unit noises that trajectories begin with.
        sampler: the study's.
    """
    clean = _clean(sets, places)
    states = visited(denoise, start, sampler, places.sigmas, len(sets))
    memories = [Empirical(each.points) for each in sets]
    others = [Empirical(each.unseen) for each in sets]
    tables: list[list[Table]] = [[] for _ in sets]
    for sigma, state in zip(places.sigmas, states, strict=True):
        noisy = clean + sigma * places.noise
        asked = torch.cat([noisy, state], dim=1)
        with torch.no_grad():
            ours = denoise(asked, sigma)
            truth = teacher(asked.flatten(0, 1), sigma).unflatten(0, asked.shape[:2])
            memory = torch.stack(
                [each.denoise(x, sigma) for each, x in zip(memories, asked, strict=True)]
            )
            other = torch.stack(
                [each.denoise(x[POINTS:], sigma) for each, x in zip(others, noisy, strict=True)]
            )
        for student, table in enumerate(tables):
            rows = (
                part[student].flatten(1).double() for part in (clean, ours, truth, memory, other)
            )
            table.append(_at_level(*rows, variance=places.variance))
    return tables


def _clean(sets: Sequence[TrainingSet], places: Places) -> Tensor:
    """Points of each training set, then those that nobody learned from."""
    return torch.stack([torch.cat([_taken(each.points, POINTS), places.held_out]) for each in sets])


def _taken(points: Tensor, count: int) -> Tensor:
    """The first points of a set; a small set comes again and again, with other noises."""
    return points[torch.arange(count) % len(points)]


def _at_level(
    clean: Tensor, ours: Tensor, truth: Tensor, memory: Tensor, other: Tensor, *, variance: float
) -> Table:
    """The estimates of one student; rows are training points, held-out ones, and states."""
    training, held_out, states = slice(POINTS), slice(POINTS, 2 * POINTS), slice(2 * POINTS, None)
    points = slice(2 * POINTS)
    loss = (ours[points] - clean).square().sum(dim=1) / variance
    # What is easy to denoise is so for the teacher too, who learned from none of it.
    beyond = loss - (truth[points] - clean).square().sum(dim=1) / variance
    from_memory = (ours - memory).square().sum(dim=1) / variance
    from_truth = (ours - truth).square().sum(dim=1) / variance
    learned, fresh = mean_estimate(beyond[training]), mean_estimate(beyond[held_out])
    error = (learned.standard_error**2 + fresh.standard_error**2) ** 0.5
    return [
        mean_estimate(loss[training]),
        mean_estimate(loss[held_out]),
        Estimate(fresh.value - learned.value, error),
        memorised_fraction(ours[held_out], truth[held_out], memory[held_out]),
        memorised_fraction(ours[held_out], truth[held_out], other),
        root_mean_square(from_memory[training]),
        root_mean_square(from_memory[states]),
        root_mean_square(from_truth[training]),
        root_mean_square(from_truth[states]),
    ]


DIMENSIONS = ("lid", "lid_held_out", "lid_auc")
"""What is measured at the level of structure, in the order of `dimensions`."""


def dimensions(
    denoise: Denoiser, sets: Sequence[TrainingSet], places: Places, generator: torch.Generator
) -> list[Table]:
    """For each student its local intrinsic dimension, in the order of DIMENSIONS.

    At points of its training set, at held-out ones, and how well that tells both apart.
    """
    clean = _clean(sets, places)
    found = local_dimension(denoise, clean, places.structure, generator, batch=2).cpu()
    tables = []
    for each, values in zip(sets, found, strict=True):
        # A point that comes again is the same point here.
        learned, fresh = values[: min(POINTS, len(each.points))], values[POINTS:]
        told = area_under_roc(learned[:, None], fresh)
        tables.append([mean_estimate(learned), mean_estimate(fresh), told])
    return tables
