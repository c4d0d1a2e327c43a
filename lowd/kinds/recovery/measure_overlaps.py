"""`lowd step measure-overlaps`: m, q and Q of students of a Gaussian, and of the linear one."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.recovery.settings import LINEAR
from lowd.models.settings import ModelSettings
from lowd.progress import report_begun, report_total

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

    from lowd.steps.scoring import Cell, Features


class OverlapsStep(Settings):
    """Settings of the measure-overlaps step.

    Attributes:
        models: the study's models, in the order of `generated`.
        shape: of a sample.
        samples: its N.
        replicates: its training sets of each.
        directions: how many principal axes lead.
        sampler: its sampler.
        steps: of training.
    """

    models: dict[str, ModelSettings]
    shape: tuple[int, ...]
    samples: tuple[int, ...]
    replicates: int
    directions: int
    sampler: SamplerSettings
    steps: int


class Known(NamedTuple):
    """What samples are compared with.

    Attributes:
        noise: unit noises, flattened.
        points: training sets by (N, replicate), flattened.
        directions: the teacher's leading axes, as columns.
    """

    noise: "Tensor"
    points: "dict[Cell, Tensor]"
    directions: "Tensor"


def measure_overlaps(
    settings: OverlapsStep,
    *,
    teacher: Path,
    pool: Path,
    noise: Path,
    empirical: Path,
    generated: list[Path],
    output: Path,
) -> None:
    """Write the overlaps of all models, with standard errors over noises, to the store `output`.

    Over (model, N), the linear student first: `memorisation` and `memorisation_other`, that
    towards the next replicate's training set, over replicates, and so `recovery`, the mean of
    `direction_recovery` over the leading directions; `convergence` over pairs of replicates.
    `memorisation_emp` and `convergence_emp` are those of empirical denoisers, `…_theory` what is
    expected of the linear student, `onset` the N from which a direction is known to it, and the
    rest where each overlap crosses, as `lowd.kinds.recovery.thresholds` says. A diverged student
    has NaN.
    """
    import torch
    import xarray as xr

    from lowd.kinds.recovery.thresholds import thresholds
    from lowd.metrics.descriptors import Descriptor
    from lowd.models.build import parameter_count
    from lowd.steps.scoring import read_features, read_training_features
    from lowd.steps.teachers.gaussian import read_axes
    from lowd.store.arrays import read_store, write_store

    axes, variances = read_axes(teacher)
    plain = Descriptor("identity")
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    known = Known(
        noise=noises.flatten(1),
        points=read_training_features(pool, settings.samples, settings.replicates, plain),
        directions=axes[:, : settings.directions],
    )
    report_total((len(generated) + 2) * len(known.points), "cells")
    students = [_linear(settings, known, noises)]
    students += [read_features(path, plain) for path in generated]
    tables = [_overlaps(settings, known, features) for features in students]
    names = [LINEAR, *settings.models]
    counts = [parameter_count(model, settings.shape) for model in settings.models.values()]
    found = xr.concat(tables, xr.Variable("model", names)).assign_coords(
        parameters=("model", [axes.numel(), *counts])
    )
    found.update(_of_memorisers(settings, known, read_features(empirical, plain)))
    found.update(_expected(settings, variances.tolist()))
    found.update(thresholds(found, settings.directions / len(axes)))
    found.attrs = {
        "dimension": len(axes),
        "noises": len(noises),
        "steps": settings.steps,
        "sampler": f"{settings.sampler.solver}, {settings.sampler.steps} steps",
    }
    write_store(output, found)


def _linear(settings: OverlapsStep, known: Known, noises: "Tensor") -> "Features":
    """What the linear student of every training set makes of the noises, by the study's solver."""
    import torch

    from lowd.kinds.recovery.linear import linear_student
    from lowd.steps.generation import flow_in_batches

    device = torch.device("cpu")
    found: Features = {}
    for cell, points in known.points.items():
        student = linear_student(points.reshape(-1, *settings.shape))
        found[cell] = flow_in_batches(student.denoise, noises, settings.sampler, device).flatten(1)
    return found


def _overlaps(settings: OverlapsStep, known: Known, features: "Features") -> "xr.Dataset":
    """Of one model."""
    import numpy as np
    import xarray as xr

    from lowd.metrics.overlaps import recovery_overlap
    from lowd.steps.scoring import tabulate

    variables, coordinates = _of_samples(settings, known, features)
    shares = np.full((*_grid(settings), settings.directions, 2), np.nan)
    for at, n in enumerate(settings.samples):
        for replicate in range(settings.replicates):
            made = features[n, replicate]
            report_begun(1)
            if made is not None:
                shares[at, replicate] = recovery_overlap(known.noise, made, known.directions)
    dims = ("N", "replicate", "direction")
    variables |= tabulate("direction_recovery", dims, shares.tolist())
    mean = variables["direction_recovery"].mean("direction")
    # Directions share noises, so their errors do not average out.
    error = variables["direction_recovery_se"].mean("direction")
    return xr.Dataset(
        variables | {"recovery": mean, "recovery_se": error},
        coordinates | {"direction": list(range(1, settings.directions + 1))},
    )


def _of_samples(
    settings: OverlapsStep, known: Known, features: "Features"
) -> "tuple[dict[str, xr.Variable], dict[str, list[object]]]":
    """Of one model m, beside the own and another training set, and q; with their coordinates."""
    from lowd.metrics.overlaps import convergence_overlap, memorisation_overlap
    from lowd.steps.scoring import PAIR, measure, tabulate

    replicates = range(settings.replicates)
    pairs = list(combinations(replicates, 2))
    variables: dict[str, xr.Variable] = {}
    for name, ahead in (("memorisation", 0), ("memorisation_other", 1)):
        table = [
            [
                measure(
                    memorisation_overlap,
                    features[n, r],
                    known.points[n, (r + ahead) % settings.replicates],
                )
                for r in replicates
            ]
            for n in settings.samples
        ]
        variables |= tabulate(name, ("N", "replicate"), table)
    shared = [
        [measure(convergence_overlap, features[n, a], features[n, b]) for a, b in pairs]
        for n in settings.samples
    ]
    variables |= tabulate("convergence", ("N", "disjoint_pair"), shared)
    return variables, {
        "N": list(settings.samples),
        "replicate": list(replicates),
        "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
    }


def _of_memorisers(
    settings: OverlapsStep, known: Known, features: "Features"
) -> "dict[str, xr.Variable]":
    """Of empirical denoisers m and q."""
    variables, _ = _of_samples(settings, known, features)
    return {
        f"{name}_emp{suffix}": variables[name + suffix]
        for name in ("memorisation", "convergence")
        for suffix in ("", "_se")
    }


def _expected(settings: OverlapsStep, variances: list[float]) -> "dict[str, xr.Variable]":
    """What theory says of the linear student, and where N/d is."""
    import numpy as np
    import xarray as xr

    from lowd.theory.overlaps import convergence, onset, recovery

    shares = [recovery(variances, n, settings.directions) for n in settings.samples]
    overlaps = [convergence(variances, n) for n in settings.samples]
    return {
        "convergence_theory": xr.Variable("N", overlaps),
        "recovery_theory": xr.Variable(("N", "direction"), np.stack(shares)),
        "onset": xr.Variable("direction", onset(variances, settings.directions)),
        "variance": xr.Variable("direction", variances[: settings.directions]),
    }


def _grid(settings: OverlapsStep) -> tuple[int, int]:
    return len(settings.samples), settings.replicates
