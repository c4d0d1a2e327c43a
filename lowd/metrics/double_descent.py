"""Epoch-wise double descent: an error that falls, rises and falls again along training.

Where it does is looked for on some of what is measured, and how far it rises and falls there is
reported on the rest: the largest rise of a curve with noise is above 0 though nothing rises.
"""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from torch import Tensor

from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_gap

HALVES = 2


class Descent(NamedTuple):
    """What the error of one student does, at steps that others say.

    Attributes:
        rise: from the first low to the peak; below 0 if it falls there.
        fall: from the peak to the last low.
        places: positions (low, peak, last) among the snapshots, by the half of the noises that
            reports there.
    """

    rise: Estimate
    fall: Estimate
    places: tuple[tuple[int, int, int], ...]


def turning_points(curve: ArrayLike) -> tuple[int, int, int]:
    """Of i < j < l those of the greatest min(c_j − c_i, c_j − c_l).

    Raises:
        ValueError: there are fewer than three values, or one is not finite.
    """
    c = np.asarray(curve, float)
    if c.ndim != 1 or len(c) < 3 or not np.isfinite(c).all():
        raise ValueError(f"curve {c} needs three finite values or more")
    found = []
    for peak in range(1, len(c) - 1):
        low, last = int(c[:peak].argmin()), peak + 1 + int(c[peak + 1 :].argmin())
        found.append((c[peak] - max(c[low], c[last]), -peak, (low, peak, last)))
    return max(found)[2]


def double_descent(
    students: Sequence[Float[Tensor, "step noise feature"] | None],
    teacher: Float[Tensor, "noise feature"],
) -> list[Descent]:
    """Rise and fall of the error (PFD) of each replicate of one model.

    For each replicate and each half of the noises the turning points are those of the mean error of
    all other replicates on the other half, so neither a student's nor a noise's own luck chooses
    where it is looked at. Values are means over both halves.

    Args:
        students: descriptors of each replicate's samples at every snapshot; None if it diverged.
        teacher: of the teacher's from the same noises.

    Returns:
        One for each replicate; NaN, without places, if it or all others diverged. Errors are over
        noises, the steps being given; what replicates differ by is their spread.

    Raises:
        ValueError: there are fewer than two replicates, three snapshots or four noises.
    """
    if len(students) < 2 or len(teacher) < 2 * HALVES:
        raise ValueError(
            f"{len(students)} replicates and {len(teacher)} noises leave nothing to choose steps "
            "by; give two replicates and four noises or more"
        )
    halves = [slice(at, None, HALVES) for at in range(HALVES)]
    curves = [
        None if one is None else [_errors(one[:, half], teacher[half]) for half in halves]
        for one in students
    ]
    found = []
    for at, student in enumerate(students):
        others = [each for other, each in enumerate(curves) if other != at and each is not None]
        if student is None or not others:
            found.append(Descent(Estimate(nan, nan), Estimate(nan, nan), ()))
            continue
        places, rises, falls = [], [], []
        for number, half in enumerate(halves):
            mean = np.mean([each[1 - number] for each in others], axis=0)
            low, peak, last = turning_points(mean)
            places.append((low, peak, last))
            truth, ours = teacher[half], student[:, half]
            rises.append(probability_flow_gap(truth, ours[peak], ours[low]))
            falls.append(probability_flow_gap(truth, ours[peak], ours[last]))
        found.append(Descent(_mean(rises), _mean(falls), tuple(places)))
    return found


def _errors(student: Tensor, teacher: Tensor) -> np.ndarray:
    squares = (student.double() - teacher.double()).square().sum(dim=2)
    return squares.mean(dim=1).sqrt().numpy()


def _mean(halves: list[Estimate]) -> Estimate:
    """Of independent estimates."""
    values, errors = np.array(halves).T
    return Estimate(float(values.mean()), float(np.sqrt((errors**2).sum()) / len(errors)))
