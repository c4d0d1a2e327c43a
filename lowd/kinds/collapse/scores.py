"""Scores of a student of some generation, against its teacher, its data and its ancestors."""

from collections.abc import Mapping
from math import nan
from typing import Any, NamedTuple

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.kinds.collapse.sets import Candidates
from lowd.kinds.collapse.span import Span, entropies, existing
from lowd.metrics.copy_rate import copy_rate
from lowd.metrics.entropy import entropy
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.generalization import generalization
from lowd.metrics.transition import crossings
from lowd.steps.describe import Yardstick

UNMEASURED = Estimate(nan, nan)
SCORES = (
    *("e_gen", "e_mem", "e_gap", "gl", "gl_teacher", "gl_first", "drift", "copied"),
    *("entropy_data", "entropy_samples", "entropy_gaussian", "trace", "least", "outside"),
)


class Generation(NamedTuple):
    """What there is of one student.

    Attributes:
        samples: (noise, *shape), its samples from the evaluation noises; None if it diverged.
        memorised: of the empirical distribution of its training set, from the same noises; None if
            one of its points is not finite.
        sets: its training set, and all that it was chosen from.
    """

    samples: np.ndarray | None
    memorised: np.ndarray | None
    sets: Candidates


def score_student(
    now: Generation,
    before: Generation | None,
    first: Candidates,
    teacher: np.ndarray,
    yardstick: Yardstick,
    span: Span,
    chosen: Tensor,
) -> dict[str, Estimate]:
    """Every score of SCORES; NaN where something diverged, or there is no generation before.

    Args:
        now: the student.
        before: of the generation before, from the same noises.
        first: the training set of the first generation.
        teacher: (noise, *shape), samples of the first teacher from the same noises.
        yardstick: the study's.
        span: of the teacher.
        chosen: rows of the training set whose entropy is taken, so that all are of one size.
    """
    descriptor, threshold = yardstick
    scores = dict.fromkeys(SCORES, UNMEASURED)
    training = now.sets.training
    if not np.isfinite(training).all():
        return scores
    scores["entropy_data"] = existing(entropy(span.coordinates(training)[chosen]))
    scores["gl_teacher"] = generalization(descriptor(teacher), descriptor(training), threshold)
    if now.samples is None:
        return scores
    ours, true = descriptor(now.samples), descriptor(teacher)
    scores["e_gen"] = probability_flow_distance(ours, true)
    if now.memorised is not None:
        memorised = descriptor(now.memorised)
        scores["e_mem"] = probability_flow_distance(ours, memorised)
        scores["e_gap"] = probability_flow_gap(ours, true, memorised)
    scores["gl"] = generalization(ours, descriptor(training), threshold)
    scores["gl_first"] = generalization(ours, descriptor(first.training), threshold)
    if before is not None and before.samples is not None:
        scores["drift"] = probability_flow_distance(ours, descriptor(before.samples))
    scores["copied"] = copy_rate(now.samples, training)
    return scores | entropies(now.samples, span)


def memorisation(gap: xr.DataArray) -> dict[str, xr.Variable]:
    """The generation at which E_gen first exceeds E_mem, linear between generations.

    Args:
        gap: E_gen − E_mem over (mode, N, replicate, generation).

    Returns:
        `crossing`, NaN where there is none, and `censored`: −1 if the first generation is there
        already, 1 if none is, 2 if too few were measured.
    """
    points, censored = crossings(gap["generation"].values, -gap.values)
    dims = gap.dims[:-1]
    return {"crossing": xr.Variable(dims, points), "censored": xr.Variable(dims, censored)}


def nested(
    scores: Mapping[tuple[str, int, int, int], Mapping[str, Estimate]],
    axes: Mapping[str, list[Any]],
) -> dict[str, list]:
    """By score, lists over (mode, N, replicate, generation) of estimates."""
    return {
        name: [
            [
                [
                    [scores[mode, n, replicate, g][name] for g in axes["generation"]]
                    for replicate in axes["replicate"]
                ]
                for n in axes["N"]
            ]
            for mode in axes["mode"]
        ]
        for name in SCORES
    }


def rows_of_size(training: np.ndarray, count: int, generator: torch.Generator) -> Tensor:
    """`count` rows of a training set by chance; all if there are no more."""
    return torch.randperm(len(training), generator=generator)[:count]
