"""How often two families make the same of one noise, by descriptors and by pixels."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import nan

import torch
import xarray as xr
from torch import Tensor

from lowd.kinds.families.agree_step import SHIFTS, Member
from lowd.kinds.families.students import STREAMS, Student, Students
from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, binomial_error
from lowd.steps.describe import Yardstick
from lowd.steps.scoring import tabulate

GREY_LEVELS = 127.5
"""Of 255, to a unit of images from −1 to 1."""
Rule = Callable[..., Tensor]
"""Of two students and a shift of the second's noises: which noises (noise,) give the same."""


def agreement(
    members: Sequence[Member], students: Students, yardstick: Yardstick, noises: int
) -> tuple[dict[str, xr.Variable], dict[tuple[str, str], Tensor]]:
    """Rp and mae of every pair, each with its chance level.

    Returns:
        Variables over (data, one, other), and for every two names rp of each noise (noise,) where
        data are shared.
    """
    dims, size = ("data", "one", "other"), (2, len(members), len(members), 2)
    variables: dict[str, xr.Variable] = {}
    agreed = {}
    for score, same in _rules(students, yardstick, noises).items():
        found, chance = [], []
        for shared, one, other in product((True, False), members, members):
            pairs = list(_pairs(one, other, shared))
            every = torch.stack([same(*pair) for pair in pairs])
            if score == "rp" and shared:
                agreed[one.name, other.name] = every.mean(0)
            found.append(_share(every))
            shifts = range(1, min(SHIFTS + 1, noises))
            unrelated = [same(*pair, shift) for pair in pairs for shift in shifts]
            chance.append(_share(torch.stack(unrelated)))
        variables |= tabulate(score, dims, torch.tensor(found).reshape(size).tolist())
        variables |= tabulate(f"{score}_chance", dims, torch.tensor(chance).reshape(size).tolist())
    return variables, agreed


def _rules(students: Students, yardstick: Yardstick, noises: int) -> dict[str, Rule]:
    """By score; NaN where a student has diverged."""
    descriptor, threshold = yardstick
    images, diverged = students
    features = {
        student: unit(descriptor(one).double())
        for student, one in images.items()
        if student not in diverged
    }
    pixels = {
        student: torch.from_numpy(one).flatten(1) * GREY_LEVELS for student, one in images.items()
    }
    unknown = torch.full((noises,), torch.nan, dtype=torch.float64)

    def alike(one: Student, other: Student, shift: int = 0) -> Tensor:
        return (features[one] * features[other].roll(shift, 0)).sum(1) > threshold

    def close(one: Student, other: Student, shift: int = 0) -> Tensor:
        return (pixels[one] - pixels[other].roll(shift, 0)).abs().mean(1) < 15

    def decided(rule: Rule) -> Rule:
        def decide(one: Student, other: Student, *shift: int) -> Tensor:
            return unknown if {one, other} & diverged else rule(one, other, *shift).double()

        return decide

    return {"rp": decided(alike), "mae": decided(close)}


def _pairs(one: Member, other: Member, shared: bool) -> Iterator[tuple[Student, Student]]:
    """The pairs of students to compare."""
    alone = shared and one.family == other.family and one.name != other.name
    for data, seed in STREAMS:
        there = data if shared else 1 - data
        yield (one.name, data, seed), (other.name, there, seed if alone else 1 - seed)


def _share(hits: Tensor) -> Estimate:
    """Mean of (pair, noise), with its standard error over noises, never 0."""
    by_noise = hits.mean(0)
    if by_noise.isnan().any():
        return Estimate(nan, nan)
    noises = len(by_noise)
    least = binomial_error(round(float(by_noise.sum())), noises)
    return Estimate(float(by_noise.mean()), max(float(by_noise.std()) / noises**0.5, least))
