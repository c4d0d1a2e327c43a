"""Whether E_gen falls, rises and falls again along training, and within which directions."""

from itertools import product
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.descriptors import Descriptor, unit
from lowd.metrics.double_descent import HALVES, Descent, double_descent
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.metrics.memorised_fraction import memorised_fraction
from lowd.steps.scoring import measure, tabulate
from lowd.steps.teachers.mixture import read_mixture

TURNS = ("low", "peak", "last")
Basis = Float[Tensor, "feature direction"]


def subspace(mixture: Path) -> Basis:
    """An orthonormal basis of the one subspace that a teacher's samples lie on."""
    (basis,) = read_mixture(mixture).bases
    return basis.double()


def descents(
    samples: xr.DataArray, truth: np.ndarray, descriptor: Descriptor, basis: Basis | None
) -> xr.Dataset:
    """What one model's samples say of double descent.

    - `rise`, from the first low of E_gen to its peak, and `fall`, from there to the last low, over
      (N, replicate), as `lowd.metrics.double_descent` has them; `turn_step` over half and turn
      too, the steps that they are taken at.

    Where samples are compared as they are, also

    - `e_gen_direction` (N, replicate, step), the error of samples scaled to norm 1, and its
      `rise_direction` and `fall_direction`;
    - with a basis `e_gen_inside` and `e_gen_outside`, the error within the teacher's subspace and
      off it, whose squares add up to that of E_gen; and `gain`, the slope of samples against the
      teacher's within the subspace: below 1 a student shrinks.

    Args:
        samples: (N, replicate, step, noise, …).
        truth: the teacher's, (noise, …).
        descriptor: what they are compared by.
        basis: of the teacher's subspace.
    """
    true = descriptor(truth)
    features = {
        cell: descriptor(one) if np.isfinite(one := samples.sel(_at(cell)).values).all() else None
        for cell in product(*(samples[dim].values.tolist() for dim in ("N", "replicate", "step")))
    }
    found = xr.Dataset(_turns(features, true, ""), _axes(samples))
    if descriptor.kind == "identity":
        directions = {cell: None if one is None else unit(one) for cell, one in features.items()}
        found = found.assign(_turns(directions, unit(true), "_direction"))
        found = found.assign(_along("e_gen_direction", directions, unit(true)))
    if descriptor.kind == "identity" and basis is not None:
        found = found.assign(_parts(features, true, basis))
    return found


Cells = dict[tuple[int, int, int], Tensor | None]
"""Features of samples by (N, replicate, step); None of a student that diverged."""


def _at(cell: tuple[int, int, int]) -> dict[str, int]:
    return dict(zip(("N", "replicate", "step"), cell, strict=True))


def _axes(samples: xr.DataArray) -> dict[str, list[object]]:
    axes = {dim: samples[dim].values.tolist() for dim in ("N", "replicate", "step")}
    return axes | {"turn": list(TURNS)}


def _turns(features: Cells, true: Tensor, suffix: str) -> dict[str, xr.Variable]:
    sizes, replicates, steps = (list(dict.fromkeys(axis)) for axis in zip(*features, strict=True))
    table: list[list[Descent]] = []
    for n in sizes:
        students = []
        for r in replicates:
            each = [features[n, r, step] for step in steps]
            whole = [one for one in each if one is not None]
            students.append(torch.stack(whole) if len(whole) == len(each) else None)
        table.append(double_descent(students, true))
    variables: dict[str, xr.Variable] = {}
    for name in ("rise", "fall"):
        each_of = [[getattr(one, name) for one in row] for row in table]
        variables |= tabulate(f"{name}{suffix}", ("N", "replicate"), each_of)
    # A student that diverged turns nowhere: at step 0.
    none = [[-1] * len(TURNS)] * HALVES
    at = np.array([[one.places or none for one in row] for row in table])
    turned = np.array([*steps, 0])[at]
    return variables | {
        f"turn_step{suffix}": xr.Variable(("N", "replicate", "half", "turn"), turned)
    }


def _along(name: str, features: Cells, true: Tensor) -> dict[str, xr.Variable]:
    return _tabulated(
        name,
        {cell: measure(probability_flow_distance, one, true) for cell, one in features.items()},
    )


def _parts(features: Cells, true: Tensor, basis: Basis) -> dict[str, xr.Variable]:
    def inside(rows: Tensor) -> Tensor:
        return rows.double() @ basis

    within = {cell: None if one is None else inside(one) for cell, one in features.items()}
    beyond = {
        cell: None if one is None else one.double() - inside(one) @ basis.mT
        for cell, one in features.items()
    }
    there = inside(true)
    # The slope is how far a student has gone from 0 towards the teacher.
    gains = {
        cell: measure(memorised_fraction, one, torch.zeros_like(there), there)
        for cell, one in within.items()
    }
    return {
        **_along("e_gen_inside", within, there),
        **_along("e_gen_outside", beyond, true.double() - there @ basis.mT),
        **_tabulated("gain", gains),
    }


def _tabulated(name: str, cells: dict[tuple[int, int, int], Estimate]) -> dict[str, xr.Variable]:
    size = [len(dict.fromkeys(axis)) for axis in zip(*cells, strict=True)]
    table = np.array(list(cells.values())).reshape(*size, 2).tolist()
    return tabulate(name, ("N", "replicate", "step"), table)
