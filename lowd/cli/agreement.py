"""Whether a student that was made again is the one that is stored, link by link.

Training, sampling and scoring run again from what is stored of the link before, so that each is
judged at its own precision. All samples of a student come from the same noises.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr

from lowd.metrics.descriptors import Descriptor
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.provenance.against import ratio
from lowd.store.students import Students
from lowd.training.compute import Precision

Cell = dict[str, int]
"""Coordinates of a student: N and replicate, and seed where there are several."""

EARLY = 2
"""Blocks of steps whose losses are compared.

Every draw goes into them, of initialisation, batches, noises and levels, and rounding has not grown
yet: in U-Nets that memorise two images it does after three or four blocks. Two, since another seed
may give nearly the same mean loss once.
"""
LOSSES: dict[Precision, float] = {"single": 1e-5, "tf32": 1e-3, "bf16": 1e-3}
"""How far these may move, relative to themselves, by the precision of training.

Single precision rounds at 6e-8: other instruction sets moved them by 2e-7 at most, other seeds and
switched-off training by 4e-4 at least. bf16 rounds at 4e-3 and moved them by 1e-4.
"""
TRAINED = 0.3
"""How far samples of the student trained again may be, in units of the nearest other student.

Later training is chaotic: rounding carries single noises of a student that memorises to another of
its images. The square of this distance is about the share of noises that are carried as far as
another student's: 9 in 100 here, and scores of shares have been seen to move by 7 in 100 from one
processor to another. Another seed, which does 0.23 to 1.1, is told by the first losses.
"""
SAMPLED = 1e-4
"""How far new samples of the stored weights may be, in units of the root mean square descriptor.

Other instruction sets moved them by 2e-6 at most, a step less of Heun's method, 17 for 18, by 6e-4
at least. That falls with the cube of the number of steps: one of more than 30 goes unnoticed.
"""
SCORED = 0.01
"""How far scores of the stored samples may move, in their standard errors over noises.

In double precision rounding moves them by 1e-14; a sample that crosses a threshold moves a share of
10,000 by 0.02 and more.
"""


@dataclass(frozen=True)
class Move:
    """How far something comes out from what is stored.

    Attributes:
        what: what was compared.
        size: how far, in `unit`; infinite where one of the two alone is a number.
        unit: what 1 is.
        bound: how far it may.
    """

    what: str
    size: float
    unit: str
    bound: float

    @property
    def agrees(self) -> bool:
        """Whether it is within its bound."""
        return self.size <= self.bound

    def __str__(self) -> str:
        return f"{self.what} moved by {self.size:.2g} {self.unit} (bound {self.bound:g})"


def move_of_losses(stored: Students, again: Students, cell: Cell, precision: Precision) -> Move:
    """The largest change of a mean loss of the first blocks of training, relative to it."""
    before, now = (
        one.losses[[cell.items() <= each.items() for each in one.cells].index(True), :EARLY]
        for one in (stored, again)
    )
    sizes = [ratio(a, b, abs(a)) for a, b in zip(before.tolist(), now.tolist(), strict=True)]
    return Move("first losses", max(sizes), "of themselves", LOSSES[precision])


def move_of_training(
    stored: xr.DataArray, again: xr.DataArray, cell: Cell, descriptor: Descriptor
) -> Move:
    """The distance of the student trained again, in units of that of the nearest other student.

    Others are of the same N, if there are any, and else of the store.

    Args:
        stored: samples (N, replicate, …, noise, *shape).
        again: samples of students trained again, from the same noises.
        cell: the student.
        descriptor: what samples are compared by.
    """
    axes = list(cell)
    others = [
        dict(zip(axes, values, strict=True))
        for values in product(*(stored[axis].values.tolist() for axis in axes))
        if values != tuple(cell.values())
    ]
    fellows = [one for one in others if one["N"] == cell["N"]] or others
    ours = rows(stored, cell)
    apart = [distance(ours, rows(stored, one), descriptor) for one in fellows]
    nearest = min((one for one in apart if 0 < one < np.inf), default=_size(ours, descriptor))
    size = ratio(distance(ours, rows(again, cell), descriptor), 0.0, nearest)
    return Move("samples", size, "of the way to another student", TRAINED)


def move_of_sampling(
    stored: xr.DataArray, again: xr.DataArray, cell: Cell, descriptor: Descriptor
) -> Move:
    """The distance of new samples of the stored weights, relative to the size of a descriptor."""
    ours = rows(stored, cell)
    apart = distance(ours, rows(again, cell), descriptor)
    size = ratio(apart, 0.0, _size(ours, descriptor))
    return Move("samples of the stored weights", size, "of their size", SAMPLED)


def move_of_scores(stored: xr.Dataset, again: xr.Dataset, cell: Cell) -> Move:
    """The largest move of a score of the stored samples, in its own standard errors over noises."""
    moves = {
        str(name): ratio(
            float(stored[name].sel(cell)),
            float(again[name].sel(cell)),
            float(stored[f"{name}_se"].sel(cell)),
        )
        for name in stored
        if set(cell) == set(stored[name].dims) and f"{name}_se" in stored
    }
    where = max(moves, key=moves.__getitem__)
    return Move(f"{where} of the stored samples", moves[where], "standard errors", SCORED)


def rows(samples: xr.DataArray, cell: Cell) -> np.ndarray:
    """A student's samples (row, *shape), of every noise, and of every step if there are several."""
    own = samples.sel(cell)
    return own.values.reshape(-1, *own.shape[own.dims.index("noise") + 1 :])


def distance(ours: np.ndarray, theirs: np.ndarray, descriptor: Descriptor) -> float:
    """PFD, 0 between diverged students, infinite between one and another that is not."""
    finite = np.isfinite(ours).all(), np.isfinite(theirs).all()
    if not all(finite):
        return np.inf if any(finite) else 0.0
    return probability_flow_distance(descriptor(ours), descriptor(theirs)).value


def _size(samples: np.ndarray, descriptor: Descriptor) -> float:
    """The root mean square norm of descriptors; NaN of a diverged student."""
    if not np.isfinite(samples).all():
        return np.nan
    return float(descriptor(samples).double().square().sum(1).mean().sqrt())
