"""`lowd step decompose`: bias and variance over training sets, and over seeds (Finding III)."""

from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.models.settings import ModelSettings

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.metrics.descriptors import Descriptor

UNKNOWN = ((nan, nan),) * 3
"""Bias, variance and error off the lines, or where a student diverged."""


class DecomposeStep(Settings):
    """Settings of the decompose step; the order of `models` is that of the stores given."""

    models: dict[str, ModelSettings]
    samples: tuple[int, ...]
    at_model: str
    at_samples: int


def decompose(
    settings: DecomposeStep,
    *,
    data: list[Path],
    seed: list[Path],
    teacher: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Split E_gen² of every model and N: the store `output`.

    Per (varied, model, N) squared_bias, variance and squared_error, unbiased, with jackknife errors
    over replicates; varied is `data`, students of `data`, which differ in their training sets
    alone, or `seed`, students of `seed`, which differ in initialisation, batches and noises alone.
    Points off the two lines of the study are NaN. Per varied `slope`, of log₂ variance on log₂ N at
    the model `at_model`, with its jackknife error.
    """
    import numpy as np
    import xarray as xr

    from lowd.metrics.bias_variance import bias_variance, variance_slope
    from lowd.models.build import parameter_count
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import tabulate
    from lowd.store.arrays import read_store, write_store

    descriptor, _ = load_yardstick(yardstick)
    true = descriptor(read_store(teacher)["samples"].values)
    shape = read_store(teacher)["samples"].shape[1:]
    parts: dict[str, list[tuple[float, float]]] = {
        "squared_bias": [],
        "variance": [],
        "squared_error": [],
    }
    slopes = []
    for paths, along in ((data, "replicate"), (seed, "seed")):
        for model, path in zip(settings.models, paths, strict=True):
            students = _students(path, along, descriptor)
            if model == settings.at_model:
                slopes.append(variance_slope(list(students.values()), list(students)))
            for n in settings.samples:
                found = bias_variance(students[n], true) if n in students else UNKNOWN
                for row, estimate in zip(parts.values(), found, strict=True):
                    row.append(estimate)
    size = (2, len(settings.models), len(settings.samples))
    variables = tabulate("slope", ("varied",), slopes)
    for name, row in parts.items():
        table = np.array(row).reshape(*size, 2).tolist()
        variables |= tabulate(name, ("varied", "model", "N"), table)
    counts = [parameter_count(model, shape) for model in settings.models.values()]
    dataset = xr.Dataset(
        variables,
        {"varied": ["data", "seed"], "model": list(settings.models), "N": list(settings.samples)},
        {"at_model": settings.at_model, "at_samples": settings.at_samples},
    )
    write_store(output, dataset.assign_coords(parameters=("model", counts)))


def _students(path: Path, along: str, descriptor: "Descriptor") -> "dict[int, Tensor]":
    """Descriptors (student, noise, feature) of what differs in one thing, by N; none diverged."""
    import numpy as np
    import torch

    from lowd.store.arrays import read_store

    samples = read_store(path, finite=False)["samples"]
    (fixed,) = {"replicate", "seed"} - {along}
    found = {}
    for n in samples["N"].values.tolist():
        one = samples.sel({"N": n}).isel({fixed: 0})
        if np.isfinite(one.values).all():
            found[n] = torch.stack([descriptor(each.values) for each in one])
    return found
