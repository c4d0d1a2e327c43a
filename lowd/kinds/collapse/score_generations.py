"""`lowd step score-generations`: scores of all generations of students, by mode."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.collapse.modes import FIRST

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from lowd.kinds.collapse.scores import Generation
    from lowd.kinds.collapse.span import Span
    from lowd.metrics.estimate import Estimate
    from lowd.steps.describe import Yardstick

Student = tuple[str, int, int, int]
"""Mode, N, replicate and generation."""

CONTROLS = 16
"""Sets of the teacher's own samples, of each N, whose entropy that of training sets is held to."""
CHAINS = 32
"""Chains of Gaussian students."""


class ScoreGenerationsStep(Settings):
    """Settings of the score_generations step.

    Attributes:
        modes: their names, in the order of the stores given.
        generations: how many, the first, which all share, included.
        gaussian: the rank of a teacher that is the standard Gaussian of a subspace; None of others.
    """

    seed: int
    modes: tuple[str, ...]
    generations: int
    samples: tuple[int, ...]
    replicates: int
    sampler: SamplerSettings
    gaussian: int | None


def stores(settings: ScoreGenerationsStep) -> list[tuple[str, int]]:
    """Mode and generation of every store, the first generation's once and before all others."""
    later = range(1, settings.generations)
    return [(FIRST, 0), *((mode, g) for mode in settings.modes for g in later)]


def score_generations(
    settings: ScoreGenerationsStep,
    *,
    generated: list[Path],
    sets: list[Path],
    teacher: Path,
    pool: Path,
    noise: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Score every generation: the store `output`.

    Per (mode, N, replicate, generation), each with its standard error: e_gen to the first teacher,
    e_mem to the memoriser of the generation's own training set, e_gap = e_gen − e_mem, gl against
    that set, gl_teacher, the teacher's own, gl_first against the first training set, drift from the
    generation before, copied (f_mem), entropy_data of N points of the training set, entropy_samples
    and entropy_gaussian of what students generate, trace, least and outside, all within the
    teacher's span. `crossing` and `censored` per (mode, N, replicate). Beside them what the teacher
    has of its own: entropy_control (N), <entropies>_teacher; and solver_gain, the nats that the
    sampler adds in a generation. Of a Gaussian teacher, per (N, generation), gaussian_e_gen and
    gaussian_entropy, its change, of Gaussian students; NaN of others.
    """
    import xarray as xr

    from lowd.kinds.collapse.scores import memorisation, nested
    from lowd.kinds.collapse.span import span_of
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import tabulate
    from lowd.store.arrays import read_store, write_store

    points = read_store(pool)["samples"].values
    true = read_store(teacher)["samples"].values
    span, measure = span_of(points), load_yardstick(yardstick)
    students = dict(_students(settings, generated, sets, noise))
    axes: dict[str, list[Any]] = {
        "mode": list(settings.modes),
        "N": list(settings.samples),
        "replicate": list(range(settings.replicates)),
        "generation": list(range(settings.generations)),
    }
    variables: dict[str, xr.Variable] = {}
    for name, table in nested(_scores(settings, students, true, measure, span), axes).items():
        variables |= tabulate(name, tuple(axes), table)
    dataset = xr.Dataset(variables, axes).merge(_references(settings, span, points, true))
    dataset = dataset.assign(memorisation(dataset["e_gap"]))
    dataset.attrs = {"threshold": measure.threshold, "directions": len(span.variances)}
    write_store(output, dataset)


def _scores(
    settings: ScoreGenerationsStep,
    students: "Mapping[Student, Generation]",
    true: "np.ndarray",
    measure: "Yardstick",
    span: "Span",
) -> "dict[Student, dict[str, Estimate]]":
    """Of every student; the first generation's count for every mode."""
    from lowd.kinds.collapse.scores import rows_of_size, score_student
    from lowd.streams import stream

    scores = {}
    for (mode, n, replicate, g), now in students.items():
        before = students.get((mode if g > 1 else FIRST, n, replicate, g - 1))
        generator = stream(settings.seed, "entropy", mode, f"N={n}/replicate={replicate}", g)
        rows = rows_of_size(now.sets.training, n, generator)
        first = students[FIRST, n, replicate, 0].sets
        scores[mode, n, replicate, g] = score_student(now, before, first, true, measure, span, rows)
    for (mode, n, replicate, g), found in list(scores.items()):
        if mode == FIRST:
            scores |= {(other, n, replicate, g): found for other in settings.modes}
    return scores


def _students(
    settings: ScoreGenerationsStep, generated: list[Path], sets: list[Path], noise: Path
) -> "Iterator[tuple[Student, Generation]]":
    """Every student, by mode, N, replicate and generation."""
    import numpy as np
    import torch

    from lowd.distributions.empirical import Empirical
    from lowd.kinds.collapse.scores import Generation
    from lowd.kinds.collapse.sets import read_sets
    from lowd.progress import report_total
    from lowd.steps.generation import flow_in_batches
    from lowd.store.arrays import read_store

    noises = torch.from_numpy(read_store(noise)["noise"].values)
    each = stores(settings)
    report_total(len(each) * len(settings.samples) * settings.replicates * len(noises), "samples")
    for (mode, g), made, chosen in zip(each, generated, sets, strict=True):
        samples = read_store(made, finite=False)["samples"]
        for (n, replicate), one in read_sets(chosen).items():
            ours = samples.sel({"N": n, "replicate": replicate}).values
            memorised = None
            if np.isfinite(one.training).all():
                denoise = Empirical(torch.from_numpy(one.training)).denoise
                device = torch.device("cpu")
                memorised = flow_in_batches(denoise, noises, settings.sampler, device).numpy()
            is_there = np.isfinite(ours).all()
            yield (mode, n, replicate, g), Generation(ours if is_there else None, memorised, one)


def _references(
    settings: ScoreGenerationsStep, span: "Span", points: "np.ndarray", true: "np.ndarray"
) -> "xr.Dataset":
    """What the teacher has of its own, and what Gaussian students would come to."""
    import xarray as xr

    from lowd.kinds.collapse.span import control_entropy, entropies, solver_gain
    from lowd.steps.scoring import tabulate

    inside = span.coordinates(points)
    controls = [control_entropy(inside, n, CONTROLS) for n in settings.samples]
    variables = tabulate("entropy_control", ("N",), controls)
    for name, estimate in entropies(true, span).items():
        variables |= tabulate(f"{name}_teacher", (), estimate)
    variables["solver_gain"] = xr.Variable((), solver_gain(span, settings.sampler))
    dims = ("N", "generation")
    variables |= tabulate(
        "gaussian_e_gen", dims, [_gaussian(settings, n) for n in settings.samples]
    )
    variables["gaussian_entropy"] = xr.Variable(dims, _losses(settings))
    return xr.Dataset(variables)


def _losses(settings: ScoreGenerationsStep) -> list[list[float]]:
    """Of Gaussian students, how much less entropy their training sets have, by generation."""
    from math import nan

    from lowd.theory.collapse import entropy_loss

    generations = range(settings.generations)
    return [
        [
            nan if settings.gaussian is None or n < settings.gaussian
            else -g * entropy_loss(n, settings.gaussian)
            for g in generations
        ]
        for n in settings.samples
    ]  # fmt: skip


def _gaussian(settings: ScoreGenerationsStep, n: int) -> list[tuple[float, float]]:
    """Mean E_gen of chains of Gaussian students, and its standard error, by generation."""
    from math import nan

    import numpy as np

    from lowd.streams import stream
    from lowd.theory.collapse import fitted_generations, flow_distances

    if settings.gaussian is None or n < settings.gaussian:
        return [(nan, nan)] * settings.generations
    generator = stream(settings.seed, "gaussian students", n)
    chains = [
        flow_distances(
            fitted_generations(n, settings.gaussian, settings.generations, generator),
            settings.sampler.sigma_max,
        )
        for _ in range(CHAINS)
    ]
    means, errors = np.mean(chains, axis=0), np.std(chains, axis=0, ddof=1) / CHAINS**0.5
    return list(zip(means.tolist(), errors.tolist(), strict=True))
