"""`lowd step guide`: samples of students and exact denoisers under guidance, and their scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings

if TYPE_CHECKING:
    import xarray as xr
    from torch import Tensor

SHOWN = ("student", "gaussian", "mixture")
"""References on the sample sheet."""


class GuideStep(Settings):
    """Settings of the guide step.

    Attributes:
        weights: γ's, from 0.
        intervals: by name the σ's of guidance, at the weight `at`.
        sigmas: where guidance of held-out points is looked at.
        is_of_images: whether samples are shown, and can be out of range.
    """

    seed: int
    sampler: SamplerSettings
    weights: tuple[float, ...]
    intervals: dict[str, tuple[float, float]]
    at: float
    sigmas: tuple[float, ...]
    is_of_images: bool


def guide(
    settings: GuideStep, *, labelled: Path, students: Path, noise: Path, theory: Path, output: Path
) -> None:
    """Carry the same noises, each with a class, through guided denoisers: the store `output`.

    A reference is an exact conditional denoiser of Gaussian classes, guided by the Gaussian of all
    (`gaussian`), by one part of that (`shift`, `positive`, `negative`), or by the exact mixture.
    Over (reference, weight, class) accuracy, diversity, offset and frechet, as `judge` says; over
    (reference, weight) nearest and, of images, out_of_range; of students the same with `student_`
    in front, over (replicate, weight, …). `agreement` (replicate, reference, weight) is the mean
    cosine of students' samples with a reference's. All again over (…, interval) as `interval_…`.
    `cosine` (replicate, reference, sigma) of guidance at noisy held-out points, `norm` and
    `part_norm` are root mean squares; `real_…` is asked of held-out points. Each with its `_se`.
    What `theory` has comes with it.
    """
    import torch

    from lowd.device import pick_device
    from lowd.kinds.guidance.judge import fitted
    from lowd.kinds.guidance.references import read_classes, read_stack
    from lowd.store.arrays import read_store, write_store

    points = read_store(labelled)
    classes = read_classes(points)
    training, held_out = (
        torch.from_numpy(points[name].values) for name in ("training", "held_out")
    )
    labels = {
        name: torch.from_numpy(points[f"{name}_label"].values) for name in ("training", "held_out")
    }
    judge = fitted(training.flatten(1), labels["training"], classes.means)
    noises = torch.from_numpy(read_store(noise)["noise"].values)
    asked = torch.arange(len(noises)) % classes.classes
    stack, replicates = read_stack(students, pick_device())
    samples = _sampled(settings, classes, stack, replicates, noises, asked)
    coordinates: dict[str, Any] = {
        "class": points["class"].values.tolist(),
        "replicate": list(range(replicates)),
        "weight": list(settings.weights),
        "interval": list(settings.intervals),
        "sigma": list(settings.sigmas),
    }
    dataset = _scores(settings, judge, samples, asked)
    dataset = dataset.merge(
        _mechanism(settings, classes, stack, replicates, held_out, labels["held_out"])
    )
    dataset = dataset.merge(_real(judge, held_out.flatten(1), labels["held_out"]))
    dataset = dataset.merge(read_store(theory, finite=False)).assign_coords(coordinates)
    if settings.is_of_images:
        dataset = dataset.merge(_shown(settings, samples, noises.shape[1:], classes.classes))
    dataset.attrs = {
        "judge": float(judge.classifier.score(held_out.flatten(1), labels["held_out"])),
        "training": len(training),
        "held_out": len(held_out),
        "at": settings.at,
    }
    write_store(output, dataset)


def _ways(settings: GuideStep) -> list[tuple[str, float, tuple[float, float] | None]]:
    """Every weight on all levels, then every interval, by axis."""
    whole = [("weight", weight, None) for weight in settings.weights]
    return [*whole, *(("interval", settings.at, each) for each in settings.intervals.values())]


def _sampled(
    settings: GuideStep,
    classes: Any,
    stack: Any,
    replicates: int,
    noises: "Tensor",
    asked: "Tensor",
) -> "dict[str, list[Tensor]]":
    """(sample, feature) of every reference and of each student, way after way."""
    from lowd.kinds.guidance.references import flow, unconditional

    exact = classes.conditional(asked)
    found: dict[str, list[Any]] = {}
    for name, without in unconditional(classes, asked).items():
        made = [
            flow(exact, without, noises.double(), settings.sampler, weight, interval)
            for _, weight, interval in _ways(settings)
        ]
        found[name] = [each.flatten(1) for each in made]
        print(name, "sampled", flush=True)
    told = asked.expand(replicates, -1)
    given, none = stack.given(told), stack.given(told.new_full(told.shape, classes.classes))
    every = noises.expand(replicates, *noises.shape)
    made = [
        flow(given, none, every, settings.sampler, weight, interval)
        for _, weight, interval in _ways(settings)
    ]
    for replicate in range(replicates):
        found[f"student {replicate}"] = [each[replicate].flatten(1).double() for each in made]
    return found


def _scores(
    settings: GuideStep, judge: Any, samples: "dict[str, list[Tensor]]", asked: "Tensor"
) -> "xr.Dataset":
    import xarray as xr

    from lowd.kinds.guidance.judge import BY_CLASS, agreement, outside
    from lowd.kinds.guidance.references import REFERENCES
    from lowd.steps.scoring import tabulate

    students = [name for name in samples if name not in REFERENCES]
    ways, count = _ways(settings), len(settings.weights)
    spans = {"": ("weight", slice(count))}
    if settings.intervals:
        spans["interval_"] = ("interval", slice(count, len(ways)))
    kinds = {"": ("reference", list(REFERENCES)), "student_": ("replicate", students)}
    variables: dict[str, Any] = {}
    for prefix, (kind, names) in kinds.items():
        classed = {name: [judge.by_class(one, asked) for one in samples[name]] for name in names}
        whole = {"nearest": judge.nearest}
        if settings.is_of_images:
            whole["out_of_range"] = outside
        for span, (axis, part) in spans.items():
            for score in BY_CLASS:
                table = [[each[score] for each in classed[name][part]] for name in names]
                variables |= tabulate(f"{span}{prefix}{score}", (kind, axis, "class"), table)
            for score, measured in whole.items():
                table = [[measured(one) for one in samples[name][part]] for name in names]
                variables |= tabulate(f"{span}{prefix}{score}", (kind, axis), table)
    for span, (axis, part) in spans.items():
        table = [
            [
                [agreement(a, b) for a, b in zip(samples[s][part], samples[r][part], strict=True)]
                for r in REFERENCES
            ]
            for s in students
        ]
        variables |= tabulate(f"{span}agreement", ("replicate", "reference", axis), table)
    return xr.Dataset(variables, {"reference": list(REFERENCES)})


def _mechanism(
    settings: GuideStep, classes: Any, stack: Any, replicates: int, points: "Tensor", own: "Tensor"
) -> "xr.Dataset":
    """Guidance D_c − D_u of students beside the exact one's, at noisy held-out points."""
    import torch
    import xarray as xr

    from lowd.distributions.class_gaussians import PARTS
    from lowd.kinds.guidance.judge import mean_cosine, mean_norm
    from lowd.kinds.guidance.references import unconditional
    from lowd.steps.scoring import tabulate
    from lowd.streams import stream

    unit = torch.randn(points.shape, generator=stream(settings.seed, "held-out noise"))
    told = own.expand(replicates, -1)
    given, none = stack.given(told), stack.given(told.new_full(told.shape, classes.classes))
    exact, pooled = classes.conditional(own), unconditional(classes, own)
    compared = ("gaussian", "mixture")
    cosines, norms, parts, learned = [], [], [], []
    for sigma in settings.sigmas:
        noisy = points + sigma * unit
        every = noisy.expand(replicates, *noisy.shape)
        with torch.no_grad():
            ours = (given(every, sigma) - none(every, sigma)).flatten(2)
        wide = noisy.double()
        theirs = [(exact(wide, sigma) - pooled[name](wide, sigma)).flatten(1) for name in compared]
        cosines.append([[mean_cosine(one, each) for each in theirs] for one in ours])
        learned.append([mean_norm(one) for one in ours])
        norms.append([mean_norm(each) for each in theirs])
        made = [classes.guidance(wide, sigma, own, (part,)).flatten(1) for part in PARTS]
        parts.append([mean_norm(each) for each in made])
    return xr.Dataset(
        {
            **tabulate("cosine", ("sigma", "replicate", "exact"), cosines),
            **tabulate("student_norm", ("sigma", "replicate"), learned),
            **tabulate("norm", ("sigma", "exact"), norms),
            **tabulate("part_norm", ("sigma", "part"), parts),
        },
        {"exact": list(compared), "part": list(PARTS)},
    )


def _real(judge: Any, points: "Tensor", labels: "Tensor") -> "xr.Dataset":
    """The same questions of held-out points."""
    import xarray as xr

    from lowd.steps.scoring import tabulate

    variables: dict[str, Any] = {}
    for score, values in judge.by_class(points, labels).items():
        variables |= tabulate(f"real_{score}", ("class",), values)
    return xr.Dataset(variables | tabulate("real_nearest", (), judge.nearest(points)))


def _shown(
    settings: GuideStep, samples: "dict[str, list[Tensor]]", shape: "tuple[int, ...]", classes: int
) -> "xr.Dataset":
    """The first noise of every class, by reference and weight."""
    import numpy as np
    import xarray as xr

    from lowd.store.arrays import sample_dims

    rows = []
    for name in SHOWN:
        whole = samples["student 0" if name == "student" else name][: len(settings.weights)]
        rows.append([one[:classes].reshape(classes, *shape).float().numpy() for one in whole])
    table = np.array(rows)
    dims = ("shown", "weight", "class", *sample_dims(shape))
    return xr.Dataset({"samples": (dims, table)}, {"shown": list(SHOWN)})
