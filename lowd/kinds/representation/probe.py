"""`lowd step probe`: classes told from features of students, over noise levels."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field, PositiveFloat, PositiveInt

from lowd.base import Settings

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

    from lowd.metrics.estimate import Estimate
    from lowd.store.students import Students

INPUTS = ("clean", "noisy")
UNTRAINED = 5
"""Networks that have learned nothing."""


class Probing(Settings):
    """How classes are told from features.

    Attributes:
        kind: least squares with a ridge, or the nearest neighbours' votes.
        labels: labelled points of each class that a probe gets; all, if not given.
        draws: of these points, if there are so many.
        penalty: of the ridge.
        neighbours: that vote.
    """

    kind: Literal["ridge", "neighbours"] = "ridge"
    labels: PositiveInt | None = None
    draws: PositiveInt = 10
    penalty: PositiveFloat = 1e-2
    neighbours: PositiveInt = 5


class ProbeStep(Settings):
    """Settings of the probe step; models in the order of `students`."""

    seed: int
    models: tuple[str, ...] = Field(min_length=1)
    samples: tuple[int, ...]
    sigmas: tuple[float, ...]
    layer: Literal["middle", "last"]
    pooling: Literal["flat", "mean"]
    probe: Probing


class Points(NamedTuple):
    """What probes are fitted to and tested on: points after each other, the first ones to fit."""

    every: "Tensor"
    noise: "Tensor"
    labels: "Tensor"
    fitted: int


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
    import torch
    import xarray as xr

    from lowd.store.arrays import read_store, write_store
    from lowd.store.students import load_students

    points = _points(settings, labelled)
    bases = None if teacher is None else _bases(teacher)
    each = [_of_stack(settings, load_students(path), points, bases) for path in students]
    found = xr.concat(each, "model", join="outer", coords="minimal", compat="override")
    found = found.assign_coords(model=list(settings.models), sigma=list(settings.sigmas))
    found = found.merge(_raw(settings, points))
    if teacher is not None and bases is not None:
        found = found.merge(_exact(settings, teacher, bases, points))
    base = read_store(scores, finite=False)[["e_gen", "e_gen_se", "gl", "gl_se", "gl_teacher"]]
    found = found.merge(base.sel(model=list(settings.models), N=found["N"]))
    found["parameters"] = base["parameters"].sel(model=list(settings.models))
    classes = int(torch.unique(points.labels).numel())
    found.attrs = {
        "classes": classes,
        "fitted": points.fitted,
        "tested": len(points.labels) - points.fitted,
        "labels": settings.probe.labels or 0,
        "draws": settings.probe.draws if settings.probe.labels else 1,
        "probe": settings.probe.kind,
        "layer": settings.layer,
        "pooling": settings.pooling,
    }
    write_store(output, found)


def _points(settings: ProbeStep, labelled: Path) -> Points:
    import torch

    from lowd.store.arrays import read_store
    from lowd.streams import stream

    store = read_store(labelled)
    parts = ("training", "held_out")
    every = torch.cat([torch.from_numpy(store[part].values) for part in parts])
    labels = torch.cat([torch.from_numpy(store[f"{part}_label"].values) for part in parts])
    noise = torch.randn(every.shape, generator=stream(settings.seed, "probe noise"))
    return Points(every, noise, labels, store.sizes["training_point"])


def _bases(teacher: Path) -> "Tensor | None":
    """Subspaces of the classes, if the teacher is a mixture with variance off them."""
    from lowd.steps.teachers.teacher import WEIGHTS
    from lowd.store.checkpoints import load_checkpoint

    tensors, metadata = load_checkpoint(teacher / WEIGHTS)
    return tensors["bases"][:, :, : metadata["rank"]] if "variances" in tensors else None


def _of_stack(
    settings: ProbeStep, stack: "Students", points: Points, bases: "Tensor | None"
) -> "xr.Dataset":
    """All that is asked of one model's students, and of untrained networks like them."""
    import xarray as xr

    from lowd.steps.scoring import tabulate

    chosen = [
        at
        for at, cell in enumerate(stack.cells)
        if not settings.samples or cell["N"] in settings.samples
    ]
    accuracy, snr = _over_sigma(settings, stack, chosen, points, bases)
    plain, _ = _over_sigma(settings, stack, None, points, None)
    grid = {
        key: list(dict.fromkeys(stack.cells[at][key] for at in chosen))
        for key in ("N", "replicate")
    }
    shape = [len(values) for values in grid.values()]
    table = accuracy.unflatten(0, shape)
    dims = ("N", "replicate", "input", "sigma")
    variables: dict[str, Any] = tabulate("accuracy", dims, table.tolist())
    variables |= tabulate("accuracy_untrained", ("untrained", *dims[2:]), plain.tolist())
    if snr is not None:
        variables |= tabulate("snr", ("N", "replicate", "sigma"), snr.unflatten(0, shape).tolist())
    found = xr.Dataset(variables, {**grid, "input": list(INPUTS), "sigma": list(settings.sigmas)})
    return found.assign(_peaks(settings, table, ("N", "replicate"), "")).assign(
        _peaks(settings, plain, ("untrained",), "_untrained")
    )


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


def _over_sigma(
    settings: ProbeStep,
    stack: "Students",
    chosen: list[int] | None,
    points: Points,
    bases: "Tensor | None",
) -> "tuple[Tensor, Tensor | None]":
    """Accuracies (student, input, sigma, 2), and SNR (student, sigma, 2) at clean points.

    `chosen` are students of the stack; None are UNTRAINED fresh networks of its architecture.
    """
    import torch

    from lowd.diffusion.preconditioning import precondition
    from lowd.metrics.class_snr import class_snr
    from lowd.models.features import tapped

    network = _network(settings, stack, chosen)
    students = UNTRAINED if chosen is None else len(chosen)
    tell = _told(settings, points)
    denoise = precondition(network, stack.sigma_data)
    accuracy, ratios = [], []
    with torch.no_grad(), tapped(network, settings.layer, settings.pooling) as features:
        for sigma in settings.sigmas:
            row = []
            for name in INPUTS:
                given = points.every + (sigma * points.noise if name == "noisy" else 0)
                made = denoise(given.expand(students, *given.shape), sigma)
                row.append([tell(one) for one in features()])
                if bases is not None and name == "clean":
                    flat = made.flatten(2)
                    ratios.append([class_snr(one, points.labels, bases) for one in flat])
            accuracy.append(row)
    table = torch.tensor(accuracy).permute(2, 1, 0, 3)
    return table, torch.tensor(ratios).transpose(0, 1) if ratios else None


def _network(settings: ProbeStep, stack: "Students", chosen: list[int] | None) -> Any:
    from pydantic import TypeAdapter

    from lowd.models.build import build, initialise
    from lowd.models.settings import ModelSettings
    from lowd.streams import stream

    model: ModelSettings = TypeAdapter(ModelSettings).validate_python(stack.model)
    network = build(model, UNTRAINED if chosen is None else len(chosen), stack.shape)
    if chosen is None:
        initialise(network, [stream(settings.seed, "untrained", at) for at in range(UNTRAINED)])
    else:
        network.load_state_dict({name: each[chosen] for name, each in stack.weights.items()})
    return network.eval()


def _told(settings: ProbeStep, points: Points) -> "Callable[[Tensor], Estimate]":
    """Accuracy of a probe of features (point, feature), all points or a few labels a class."""
    import torch

    from lowd.metrics.estimate import Estimate
    from lowd.metrics.probes import neighbour_probe, ridge_probe
    from lowd.streams import stream

    asked, labels, fitted = settings.probe, points.labels, points.fitted
    rows = [torch.arange(fitted)]
    if asked.labels is not None:
        generator = stream(settings.seed, "labels")
        own = [torch.nonzero(labels[:fitted] == k)[:, 0] for k in labels.unique()]
        rows = [
            torch.cat([k[torch.randperm(len(k), generator=generator)[: asked.labels]] for k in own])
            for _ in range(asked.draws)
        ]

    def tell(features: "Tensor") -> Estimate:
        test, truth = features[fitted:], labels[fitted:]
        found = []
        for chosen in rows:
            given = (features[chosen], labels[chosen], test, truth)
            if asked.kind == "ridge":
                found.append(ridge_probe(*given, penalty=asked.penalty))
            else:
                found.append(neighbour_probe(*given, neighbours=asked.neighbours))
        values = torch.tensor(found).double()
        return Estimate(float(values[:, 0].mean()), float(values[:, 1].mean()))

    return tell


def _raw(settings: ProbeStep, points: Points) -> "xr.Dataset":
    """The same of the points themselves, without a network."""
    import xarray as xr

    from lowd.steps.scoring import tabulate

    tell = _told(settings, points)
    flat, noise = points.every.flatten(1), points.noise.flatten(1)
    rows = [[tell(flat)] * len(settings.sigmas), [tell(flat + s * noise) for s in settings.sigmas]]

    return xr.Dataset(tabulate("accuracy_raw", ("input", "sigma"), rows))


def _exact(settings: ProbeStep, teacher: Path, bases: "Tensor", points: Points) -> "xr.Dataset":
    """The exact denoiser: its signal-to-noise ratio, and its outputs' nearest subspaces."""
    import torch
    import xarray as xr

    from lowd.distributions.molrg import MoLRG
    from lowd.metrics.class_snr import class_snr
    from lowd.metrics.estimate import proportion
    from lowd.steps.scoring import tabulate
    from lowd.steps.teachers.teacher import WEIGHTS
    from lowd.store.checkpoints import load_checkpoint
    from lowd.theory.class_snr import class_posterior, snr_formula

    tensors, metadata = load_checkpoint(teacher / WEIGHTS)
    mixture = MoLRG(tensors["bases"], variances=tensors["variances"])
    own = torch.arange(len(points.labels))
    snr: list[list[Any]] = [[], []]
    accuracy: list[list[Any]] = [[], []]
    confidence, formula = [], []
    for sigma in settings.sigmas:
        for at, name in enumerate(INPUTS):
            given = points.every + (sigma * points.noise if name == "noisy" else 0)
            made = mixture.denoise(given.double(), sigma)
            snr[at].append(class_snr(made, points.labels, bases))
            nearest = (made @ bases).square().sum(dim=2).argmax(dim=0)
            accuracy[at].append(proportion(nearest == points.labels))
        weight = float(class_posterior(mixture, points.every, sigma)[own, points.labels].mean())
        confidence.append(weight)
        formula.append(snr_formula(sigma, len(bases), metadata["delta"], weight))
    dims = ("input", "sigma")
    return xr.Dataset(
        {
            **tabulate("snr_exact", dims, snr),
            **tabulate("accuracy_exact", dims, accuracy),
            "confidence": ("sigma", confidence),
            "snr_formula": ("sigma", formula),
        }
    )
