"""Markers that stored samples give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import xarray as xr
from torch import Tensor

from lowd.metrics.copy_rate import copy_rate, nearer_own
from lowd.metrics.descriptors import Descriptor
from lowd.metrics.estimate import Estimate
from lowd.metrics.generalization import generalization
from lowd.metrics.memorised_fraction import memorised_excess, memorised_fraction
from lowd.metrics.rows import Samples
from lowd.steps.scoring import Cell, Features, measure, tabulate


@dataclass(frozen=True)
class Known:
    """What samples are compared with, by (N, replicate).

    Attributes:
        truth: descriptors of what the teacher makes of the noises.
        memorised: of what the empirical denoiser of each training set makes of them.
        training: descriptors of each training set.
        points: each training set itself.
        threshold: above which two descriptors are of copies.
        replicates: how many training sets of one size there are.
    """

    truth: Tensor
    memorised: Features
    training: Features
    points: Features
    threshold: float
    replicates: int

    def beside(self, cell: Cell) -> Cell:
        """A training set of the same size that shares no point: the next replicate's."""
        return cell[0], (cell[1] + 1) % self.replicates


PIXELS = Descriptor("identity")
"""What neighbours are looked for by: papers on copies compare images as they are."""


def of_samples(
    samples: Features, features: Features, known: Known, sizes: Sequence[int]
) -> dict[str, xr.Variable]:
    """Markers over (N, replicate), each with its standard error over samples.

    `copied` and `nearer` go by the samples' own distances; the memorised fraction `s`, that towards
    another training set, `s_other`, and their difference by descriptors, as E_gen and E_mem do, and
    so do `gl` and `gl_other`, GL beside the own training set and beside the other.

    Args:
        samples: of the students, flattened.
        features: their descriptors.
        known: what they are compared with.
        sizes: N, ascending.
    """
    towards = partial(generalization, threshold=known.threshold)
    markers: dict[str, Callable[[Cell, Cell], Estimate]] = {
        "copied": lambda own, other: measure(copy_rate, samples[own], known.points[own]),
        "nearer": lambda own, other: measure(
            nearer_own, samples[own], known.points[own], known.points[other]
        ),
        "s": lambda own, other: _fraction(known, features, own, own),
        "s_other": lambda own, other: _fraction(known, features, own, other),
        "s_excess": lambda own, other: _excess(known, features, own, other),
        "gl": lambda own, other: measure(towards, features[own], known.training[own]),
        "gl_other": lambda own, other: measure(towards, features[own], known.training[other]),
    }
    variables: dict[str, xr.Variable] = {}
    for name, marker in markers.items():
        table = [
            [marker((n, r), known.beside((n, r))) for r in range(known.replicates)] for n in sizes
        ]
        variables |= tabulate(name, ("N", "replicate"), table)
    return variables


def _fraction(known: Known, features: Features, own: Cell, towards: Cell) -> Estimate:
    def fraction(ours: Samples, memorised: Samples) -> Estimate:
        return memorised_fraction(ours, known.truth, memorised)

    return measure(fraction, features[own], known.memorised[towards])


def _excess(known: Known, features: Features, own: Cell, other: Cell) -> Estimate:
    def excess(ours: Samples, memorised: Samples, others: Samples) -> Estimate:
        return memorised_excess(ours, known.truth, memorised, others)

    return measure(excess, features[own], known.memorised[own], known.memorised[other])
