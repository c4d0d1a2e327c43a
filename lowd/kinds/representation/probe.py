"""`lowd step probe`: classes told from features of students, over noise levels."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from lowd.base import Settings
from lowd.kinds.representation.probing_settings import Probing

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

    from lowd.kinds.representation.reading import Points, Probe
    from lowd.store.students import Students


class ProbeStep(Settings):
    """Settings of the probe step; models in the order of `students`."""

    seed: int
    models: tuple[str, ...] = Field(min_length=1)
    samples: tuple[int, ...]
    sigmas: tuple[float, ...]
    layer: Literal["middle", "last"]
    pooling: Literal["flat", "mean"]
    probe: Probing


def probe(
    settings: ProbeStep,
    *,
    students: list[Path],
    labelled: Path,
    scores: Path,
    output: Path,
    teacher: Path | None = None,
) -> None:
    """Leave accuracies of probes in the store `output`.

    `accuracy` (model, N, replicate, input, sigma), of features at clean and at noisy points;
    `accuracy_untrained` (model, untrained, input, sigma) of networks that learned nothing;
    `accuracy_raw` (input, sigma) of the points themselves. `unimodality` and `peak_sigma`, at clean
    points, over (model, N, replicate), of untrained ones over (model, untrained). e_gen, gl and
    gl_teacher of the same students come from `scores`. Of the `teacher`, a mixture with variance
    off its subspaces: `snr` (model, N, replicate, sigma) of what students make of clean points,
    `snr_exact` and `accuracy_exact` (input, sigma) of the exact denoiser, its `confidence` and
    `snr_formula` (sigma).
    """
    import xarray as xr

    from lowd.kinds.representation.exact import exact_scores, subspaces
    from lowd.kinds.representation.reading import probe_of
    from lowd.store.arrays import read_store, write_store
    from lowd.store.students import load_students

    points = _points(settings, labelled)
    tell = probe_of(settings.probe, points, settings.seed)
    bases = None if teacher is None else subspaces(teacher)
    each = [_of_stack(settings, load_students(path), points, tell, bases) for path in students]
    found = xr.concat(each, "model", join="outer", coords="minimal", compat="override")
    found = found.assign_coords(model=list(settings.models), sigma=list(settings.sigmas))
    found = found.merge(_raw(settings, points, tell))
    if teacher is not None:
        found = found.merge(exact_scores(teacher, settings.sigmas, points))
    base = read_store(scores, finite=False)[["e_gen", "e_gen_se", "gl", "gl_se", "gl_teacher"]]
    found = found.merge(base.sel(model=list(settings.models), N=found["N"]))
    found["parameters"] = base["parameters"].sel(model=list(settings.models))
    found.attrs = {
        "classes": len(points.labels.unique()),
        "fitted": points.fitted,
        "tested": len(points.labels) - points.fitted,
        "labels": settings.probe.labels or 0,
        "draws": settings.probe.draws if settings.probe.labels else 1,
        "probe": settings.probe.kind,
        "layer": settings.layer,
        "pooling": settings.pooling,
    }
    write_store(output, found)


def _points(settings: ProbeStep, labelled: Path) -> "Points":
    import torch

    from lowd.kinds.representation.reading import Points
    from lowd.store.arrays import read_store
    from lowd.streams import stream

    store = read_store(labelled)
    parts = ("training", "held_out")
    every = torch.cat([torch.from_numpy(store[part].values) for part in parts])
    labels = torch.cat([torch.from_numpy(store[f"{part}_label"].values) for part in parts])
    noise = torch.randn(every.shape, generator=stream(settings.seed, "probe noise"))
    return Points(every, noise, labels, store.sizes["training_point"])


def _of_stack(
    settings: ProbeStep,
    stack: "Students",
    points: "Points",
    tell: "Probe",
    bases: "Tensor | None",
) -> "xr.Dataset":
    """All that is asked of one model's students, and of untrained networks like them."""
    import xarray as xr

    from lowd.kinds.representation.reading import INPUTS, networks, over_sigma, untrained
    from lowd.steps.scoring import tabulate

    chosen = [at for at, cell in enumerate(stack.cells) if cell["N"] in settings.samples]
    cells = [stack.cells[at] for at in chosen]
    grid = {key: list(dict.fromkeys(cell[key] for cell in cells)) for key in ("N", "replicate")}
    shape = [len(values) for values in grid.values()]
    given = (stack.sigma_data, settings.sigmas, points, tell, settings.layer, settings.pooling)
    accuracy, snr = over_sigma(networks(stack, chosen), *given, bases)
    plain, _ = over_sigma(untrained(stack, settings.seed), *given)
    table, dims = accuracy.unflatten(0, shape), ("N", "replicate", "input", "sigma")
    variables: dict[str, Any] = tabulate("accuracy", dims, table.tolist())
    variables |= tabulate("accuracy_untrained", ("untrained", *dims[2:]), plain.tolist())
    if snr is not None:
        variables |= tabulate("snr", ("N", "replicate", "sigma"), snr.unflatten(0, shape).tolist())
    variables |= _peaks(settings, table, ("N", "replicate"), "")
    variables |= _peaks(settings, plain, ("untrained",), "_untrained")
    return xr.Dataset(variables, {**grid, "input": list(INPUTS), "sigma": list(settings.sigmas)})


def _peaks(
    settings: ProbeStep, table: "Tensor", dims: tuple[str, ...], suffix: str
) -> dict[str, Any]:
    """Unimodality and place of the peak, at clean points; table (…, input, sigma, 2)."""
    import torch

    from lowd.metrics.probes import unimodality

    values, place = unimodality(table[..., 0, :, 0])
    return {
        f"unimodality{suffix}": (dims, values.numpy()),
        f"peak_sigma{suffix}": (dims, torch.tensor(settings.sigmas)[place].numpy()),
    }


def _raw(settings: ProbeStep, points: "Points", tell: "Probe") -> "xr.Dataset":
    """The same of the points themselves, without a network."""
    import xarray as xr

    from lowd.steps.scoring import tabulate

    clean = tell(points.every.flatten(1))
    noisy = [tell(points.at("noisy", sigma).flatten(1)) for sigma in settings.sigmas]
    rows = [[clean] * len(settings.sigmas), noisy]
    return xr.Dataset(tabulate("accuracy_raw", ("input", "sigma"), rows))
