"""`lowd step agree`: how far kinds of generative models make the same of the same noises."""

import sys
from itertools import product
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import xarray as xr
    from torch import Tensor

    from lowd.metrics.estimate import Estimate

SHOWN = 12
"""Noises on the sample sheet."""
SHIFTS = 32
"""Pairings of unrelated noises that a chance level is the mean over, for each two students."""
DRAWS = 4000
"""Bootstrap samples of the noises."""
GREY_LEVELS = 127.5
"""Of 255, to a unit of images from −1 to 1."""
Student = tuple[str, int, int]
"""Family, training set, seed."""


class Member(Settings):
    """One family, or another solver of one.

    Attributes:
        group: what it is compared as.
        family: the family whose students they are; another than `name` for a solver.
        evaluations: how often a sample asks the network.
    """

    name: str
    group: str
    family: str
    evaluations: int


class AgreeStep(Settings):
    """Settings of the agree step; the order of `members` is that of the stores given."""

    seed: int
    samples: int
    members: tuple[Member, ...]


def agree(
    settings: AgreeStep,
    *,
    generated: list[Path],
    teacher: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Compare families, students of two training sets and two seeds each: the store `output`.

    Over pairs (one, other) and `data` (shared, disjoint) rp and mae, each with its chance level:
    means over the pairs of students with such data and different streams, with standard errors
    over noises. Two solvers of one family, where data are shared, sample the same students. Per
    member frechet to held-out data, e_gen and gl, means over its students with their standard
    errors, and solver_error, PFD to the finest solver of the same students. Per `group` advantage,
    the mean rp between different diffusion families less that within the group, for shared data,
    with the ends _low and _high of a 95 % bootstrap interval over noises. Whatever a student that
    diverged has a part in is NaN, and the log names it.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.metrics.descriptors import unit
    from lowd.metrics.flow_distance import probability_flow_distance
    from lowd.metrics.frechet import frechet_distance
    from lowd.metrics.generalization import generalization
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import tabulate
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store, sample_dims, write_store

    descriptor, threshold = load_yardstick(yardstick)
    points, true = read_store(pool)["samples"].values, read_store(teacher)["samples"].values
    names = [member.name for member in settings.members]
    images: dict[Student, np.ndarray] = {}
    diverged: set[Student] = set()
    for name, path in zip(names, generated, strict=True):
        samples = read_store(path, finite=False)["samples"].isel({"N": 0})
        for data, seed in product((0, 1), (0, 1)):
            made = samples.sel(replicate=data, seed=seed).values
            if not np.isfinite(made).all():
                diverged.add((name, data, seed))
                made = np.full_like(made, np.nan)
                print(
                    f"{path}: the student of training set {data} and seed {seed} diverged, and "
                    f"scores of {name} are NaN; lower its learning rate",
                    file=sys.stderr,
                )
            images[name, data, seed] = made
    features = {
        student: unit(descriptor(one).double())
        for student, one in images.items()
        if student not in diverged
    }
    pixels = {
        student: torch.from_numpy(one).flatten(1) * GREY_LEVELS for student, one in images.items()
    }

    def alike(one: Student, other: Student, shift: int = 0) -> "Tensor":
        return (features[one] * features[other].roll(shift, 0)).sum(1) > threshold

    def close(one: Student, other: Student, shift: int = 0) -> "Tensor":
        return (pixels[one] - pixels[other].roll(shift, 0)).abs().mean(1) < 15

    unknown = torch.full((len(true),), torch.nan, dtype=torch.float64)

    def decided(
        decide: "Callable[..., Tensor]", one: Student, other: Student, *shift: int
    ) -> "Tensor":
        return unknown if {one, other} & diverged else decide(one, other, *shift).double()

    dims = ("data", "one", "other")
    hits = {}
    variables: dict[str, xr.Variable] = {}
    for score, decide in (("rp", alike), ("mae", close)):
        found, chance = [], []
        for shared, one, other in product((True, False), settings.members, settings.members):
            pairs = list(_pairs(one, other, shared))
            every = torch.stack([decided(decide, *pair) for pair in pairs])
            hits[score, shared, one.name, other.name] = every.mean(0)
            found.append(_share(every))
            shifts = range(1, min(SHIFTS + 1, len(true)))
            unrelated = [decided(decide, *pair, shift) for pair in pairs for shift in shifts]
            chance.append(_share(torch.stack(unrelated)))
        size = (2, len(names), len(names), 2)
        variables |= tabulate(score, dims, torch.tensor(found).reshape(size).tolist())
        variables |= tabulate(f"{score}_chance", dims, torch.tensor(chance).reshape(size).tolist())

    sets = training_rows(len(points), (settings.samples,), 2)
    ends = [sets[settings.samples, data].stop for data in (0, 1)]
    held_out, fresh = (descriptor(points[end : end + len(true)]) for end in ends)
    target = descriptor(true)
    training = {data: descriptor(points[rows]) for (_, data), rows in sets.items()}

    def scored(metric: "Callable[..., Estimate]", student: Student) -> float:
        if student in diverged:
            return nan
        return metric(student, descriptor(images[student])).value

    each = {
        "frechet": lambda student, own: frechet_distance(own, held_out),
        "e_gen": lambda student, own: probability_flow_distance(own, target),
        "gl": lambda student, own: generalization(own, training[student[1]], threshold),
    }
    for name, metric in each.items():
        rows = []
        for whose in names:
            own = [student for student in images if student[0] == whose]
            rows.append(_mean([scored(metric, s) for s in own]))
        variables |= tabulate(name, ("member",), rows)
    variables |= tabulate("frechet_teacher", (), frechet_distance(fresh, held_out))
    variables |= tabulate("gl_teacher", (), generalization(target, training[0], threshold))
    errors = []
    for member in settings.members:
        finest = max(
            (one for one in settings.members if one.family == member.family),
            key=lambda one: one.evaluations,
        )
        apart = [
            nan
            if {(member.name, d, s), (finest.name, d, s)} & diverged
            else probability_flow_distance(
                descriptor(images[member.name, d, s]), descriptor(images[finest.name, d, s])
            ).value
            for d, s in product((0, 1), (0, 1))
        ]
        errors.append(_mean(apart))
    variables |= tabulate("solver_error", ("member",), errors)

    dataset = xr.Dataset(
        variables,
        {
            "data": ["shared", "disjoint"],
            "one": names,
            "other": names,
            "member": names,
            "member_group": ("member", [member.group for member in settings.members]),
            "family": ("member", [member.family for member in settings.members]),
            "evaluations": ("member", [member.evaluations for member in settings.members]),
        },
        {"threshold": threshold, "samples": settings.samples},
    )
    agreed = {(one, other): hits["rp", True, one, other] for one, other in product(names, names)}
    dataset = dataset.merge(_advantages(settings, agreed))
    shown = [images[name, 0, 0][:SHOWN] for name in names]
    image_dims = sample_dims(true.shape[1:])
    dataset["samples"] = (("member", "shown", *image_dims), np.stack(shown))
    dataset["teacher_samples"] = (("shown", *image_dims), true[:SHOWN])
    write_store(output, dataset)


def _pairs(one: Member, other: Member, shared: bool) -> "Iterator[tuple[Student, Student]]":
    """The pairs of students to compare."""
    alone = shared and one.family == other.family and one.name != other.name
    for data, seed in product((0, 1), (0, 1)):
        there = data if shared else 1 - data
        yield (one.name, data, seed), (other.name, there, seed if alone else 1 - seed)


def _share(hits: "Tensor") -> "Estimate":
    """Mean of (pair, noise), with its standard error over noises, never 0."""
    from lowd.metrics.estimate import Estimate, binomial_error

    by_noise = hits.mean(0)
    if by_noise.isnan().any():
        return Estimate(nan, nan)
    noises = len(by_noise)
    least = binomial_error(round(float(by_noise.sum())), noises)
    return Estimate(float(by_noise.mean()), max(float(by_noise.std()) / noises**0.5, least))


def _mean(values: list[float]) -> "Estimate":
    import numpy as np

    from lowd.metrics.estimate import Estimate

    return Estimate(float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5)


def _advantages(settings: AgreeStep, hits: "dict[tuple[str, str], Tensor]") -> "xr.Dataset":
    """What diffusion families agree more than the members of every other group do."""
    import numpy as np
    import torch
    import xarray as xr

    from lowd.streams import stream_seed

    own = [member for member in settings.members if member.name == member.family]
    within: dict[str, Tensor] = {}
    for group in dict.fromkeys(member.group for member in own):
        names = [member.name for member in own if member.group == group]
        # Diffusion models against other families only, the rest against themselves as well.
        pairs = [(a, b) for at, a in enumerate(names) for b in names[at + (group == "diffusion") :]]
        if pairs:
            within[group] = torch.stack([hits[pair] for pair in pairs]).mean(0)
    generator = np.random.default_rng(stream_seed(settings.seed, "noises"))
    rows = []
    others = [group for group in within if group != "diffusion" and "diffusion" in within]
    for group in others:
        difference = (within["diffusion"] - within[group]).numpy()
        drawn = generator.integers(len(difference), size=(DRAWS, len(difference)))
        low, high = np.quantile(difference[drawn].mean(1), (0.025, 0.975))
        rows.append((float(difference.mean()), low, high))
    table = np.array(rows).reshape(len(others), 3)
    ends = ("", "_low", "_high")
    return xr.Dataset(
        {f"advantage{end}": ("group", table[:, at]) for at, end in enumerate(ends)},
        {"group": others},
    )
