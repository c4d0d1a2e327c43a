"""How good the samples of families are, whatever others make of the same noises."""

from collections.abc import Callable, Sequence
from math import nan

import numpy as np
import xarray as xr

from lowd.kinds.families.agree_step import AgreeStep, Member
from lowd.kinds.families.students import STREAMS, Student, Students
from lowd.metrics.descriptors import Descriptor
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.generalization import generalization
from lowd.steps.describe import Yardstick
from lowd.steps.scoring import tabulate
from lowd.steps.training_sets import training_rows


def quality(
    settings: AgreeStep,
    students: Students,
    yardstick: Yardstick,
    points: np.ndarray,
    true: np.ndarray,
) -> dict[str, xr.Variable]:
    """frechet, e_gen, gl and solver_error of every member; frechet and gl of the teacher."""
    descriptor, threshold = yardstick
    sets = training_rows(len(points), (settings.samples,), 2)
    ends = [sets[settings.samples, data].stop for data in (0, 1)]
    held_out, fresh = (descriptor(points[end : end + len(true)]) for end in ends)
    target = descriptor(true)
    training = {data: descriptor(points[rows]) for (_, data), rows in sets.items()}

    def scored(metric: Callable[..., Estimate], student: Student) -> float:
        if student in students.diverged:
            return nan
        return metric(student, descriptor(students.images[student])).value

    each = {
        "frechet": lambda student, own: frechet_distance(own, held_out),
        "e_gen": lambda student, own: probability_flow_distance(own, target),
        "gl": lambda student, own: generalization(own, training[student[1]], threshold),
    }
    variables: dict[str, xr.Variable] = {}
    for name, metric in each.items():
        rows = [
            _mean([scored(metric, (member.name, *stream)) for stream in STREAMS])
            for member in settings.members
        ]
        variables |= tabulate(name, ("member",), rows)
    variables |= tabulate("frechet_teacher", (), frechet_distance(fresh, held_out))
    variables |= tabulate("gl_teacher", (), generalization(target, training[0], threshold))
    errors = [
        _solver_error(one, settings.members, students, descriptor) for one in settings.members
    ]
    return variables | tabulate("solver_error", ("member",), errors)


def _solver_error(
    member: Member, members: Sequence[Member], students: Students, descriptor: Descriptor
) -> Estimate:
    """PFD to the finest solver of the same students."""
    finest = max(
        (one for one in members if one.family == member.family), key=lambda one: one.evaluations
    )
    apart = []
    for stream in STREAMS:
        pair = [(one.name, *stream) for one in (member, finest)]
        if students.diverged.intersection(pair):
            apart.append(nan)
            continue
        ours, theirs = (descriptor(students.images[each]) for each in pair)
        apart.append(probability_flow_distance(ours, theirs).value)
    return _mean(apart)


def _mean(values: list[float]) -> Estimate:
    return Estimate(float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5)
