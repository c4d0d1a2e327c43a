"""`lowd step score`: cells of one model against teacher, training set, replicates and models."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from lowd.base import Settings
from lowd.store.cells import Cells

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr
    from torch import Tensor

    from lowd.metrics.estimate import Estimate
    from lowd.steps.scoring import Features


class ScoreStep(Settings):
    """Settings of the score step.

    Attributes:
        others: the models that rp_same compares with.
        metrics: scores besides, by name.
    """

    name: str
    samples: tuple[int, ...]
    replicates: int
    others: tuple[str, ...] = ()
    metrics: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)


def score(
    settings: ScoreStep,
    *,
    generated: Path,
    teacher: Path,
    empirical: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
    other: list[Path] | None = None,
    cells: Cells | None = None,
) -> None:
    """Write the scores of one model, each with its standard error, to the store `output`.

    Per (N, replicate): e_gen, e_mem, their difference e_gap, the memorised fraction s, gl, rp_emp
    and the baselines frechet, authenticity and data_copying, whose held-out samples are the pool's
    reference, and those of `settings.metrics`; against another replicate's training set of the
    same size gl_other, and nearer, how often the own one is nearer. Per pair of replicates
    rp_disjoint; per model in `other`, in the order of `settings.others`, rp_same. Every RP has its
    chance level. A diverged student scores NaN. What an earlier job has scored of the same samples,
    by `cells`, is taken from its store.

    Raises:
        ValueError: there are more or fewer stores in `other` than names in `settings.others`, or
            there is no metric of a name.
    """
    import xarray as xr

    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import PAIR, read_features, read_reference, read_training_features
    from lowd.store.arrays import read_store, write_store

    others = other or []
    if len(others) != len(settings.others):
        raise ValueError(
            f"--other: {len(others)} stores, but settings.others has {len(settings.others)} names"
        )
    descriptor, threshold = load_yardstick(yardstick)
    true = descriptor(read_store(teacher)["samples"].values)
    sides = Sides(
        ours=read_features(generated, descriptor),
        memorised=read_features(empirical, descriptor),
        training=read_training_features(pool, settings.samples, settings.replicates, descriptor),
        true=true,
        held_out=read_reference(pool, descriptor)[: len(true)],
        threshold=threshold,
    )
    cells = cells or Cells()
    replicates = list(range(settings.replicates))
    pairs = list(combinations(replicates, 2))
    variables = _alone(sides, settings, cells) | _disjoint(sides, settings, pairs, cells)
    coordinates = {
        "N": list(settings.samples),
        "replicate": replicates,
        "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
    }
    if others:
        theirs = [read_features(path, descriptor) for path in others]
        variables |= _same_data(sides, settings, theirs, cells)
        coordinates["same_pair"] = [PAIR.format(name, settings.name) for name in settings.others]
    write_store(output, xr.Dataset(variables, coordinates))


class Sides(NamedTuple):
    """What samples are compared with, as features.

    Attributes:
        ours: of the students, by cell.
        memorised: of the empirical denoisers, by cell.
        training: of the training sets, by cell.
        true: of the teacher, from the same noises.
        held_out: of samples that nobody has trained on.
        threshold: the similarity above which two samples are copies.
    """

    ours: "Features"
    memorised: "Features"
    training: "dict[tuple[int, int], Tensor]"
    true: "Tensor"
    held_out: "Tensor"
    threshold: float


def _alone(sides: Sides, settings: ScoreStep, cells: Cells) -> "dict[str, xr.Variable]":
    """Scores of every student by itself."""
    from functools import partial

    from lowd.metrics.authenticity import authenticity
    from lowd.metrics.copy_rate import nearer_own
    from lowd.metrics.data_copying import data_copying
    from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
    from lowd.metrics.frechet import frechet_distance
    from lowd.metrics.generalization import generalization
    from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
    from lowd.steps.scoring import another, fraction, measure, score_cells

    ours, memorised, training, true, held_out, threshold = sides
    unseen = {(n, r): training.get((n, another(r))) for n, r in training}
    rp, chance, gl = (
        partial(metric, threshold=threshold)
        for metric in (reproducibility, reproducibility_chance, generalization)
    )
    metrics = {
        "e_gen": lambda *at: measure(probability_flow_distance, ours[at], true),
        "e_mem": lambda *at: measure(probability_flow_distance, ours[at], memorised[at]),
        "e_gap": lambda *at: measure(probability_flow_gap, ours[at], true, memorised[at]),
        "s": lambda *at: fraction(ours[at], true, memorised[at]),
        "gl": lambda *at: measure(gl, ours[at], training[at]),
        "gl_other": lambda *at: measure(gl, ours[at], unseen[at]),
        "nearer": lambda *at: measure(nearer_own, ours[at], training[at], unseen[at]),
        "rp_emp": lambda *at: measure(rp, ours[at], memorised[at]),
        "rp_emp_chance": lambda *at: measure(chance, ours[at], memorised[at]),
        "frechet": lambda *at: measure(frechet_distance, ours[at], held_out),
        "authenticity": lambda *at: measure(authenticity, ours[at], training[at]),
        "data_copying": lambda *at: measure(data_copying, ours[at], held_out, training[at]),
        **{name: _asked(name, sides) for name in settings.metrics},
    }
    return score_cells(
        cells,
        {"N": settings.samples, "replicate": range(settings.replicates)},
        metrics,
        lambda *at: {
            "ours": ours[at],
            "memorised": memorised[at],
            "training": training[at],
            "unseen": unseen[at],
            "true": true,
            "held_out": held_out,
            "threshold": threshold,
        },
    )


def _asked(name: str, sides: Sides) -> "Callable[..., Estimate]":
    """The metric of that name, of a student's coordinates."""
    from lowd.kinds.transition.asked import metric
    from lowd.steps.scoring import measure

    function, parameters = metric(name)

    def score(*at: int) -> "Estimate":
        n, replicate = at
        cell = n, replicate
        known: dict[str, Tensor | float | None] = {
            "generated": sides.ours[cell],
            "teacher": sides.true,
            "memorised": sides.memorised[cell],
            "training": sides.training[cell],
            "held_out": sides.held_out,
            "threshold": sides.threshold,
        }
        given = {parameter: known[parameter] for parameter in parameters}
        features = [value for value in given.values() if not isinstance(value, float)]
        return measure(lambda *_: function(**given), *features)

    return score


def _disjoint(
    sides: Sides, settings: ScoreStep, pairs: list[tuple[int, int]], cells: Cells
) -> "dict[str, xr.Variable]":
    """Reproducibility between students of disjoint training sets."""
    from lowd.steps.scoring import score_cells

    return score_cells(
        cells,
        {"N": settings.samples, "disjoint_pair": pairs},
        _reproducibility(
            "rp_disjoint", lambda n, pair: [sides.ours[n, r] for r in pair], sides.threshold
        ),
        lambda n, pair: {
            "one": sides.ours[n, pair[0]],
            "other": sides.ours[n, pair[1]],
            "threshold": sides.threshold,
        },
    )


def _same_data(
    sides: Sides, settings: ScoreStep, theirs: "list[Features]", cells: Cells
) -> "dict[str, xr.Variable]":
    """Reproducibility between students of other models and of this on the same data."""
    from lowd.steps.scoring import score_cells

    def both(model: int, n: int, r: int) -> "list[Tensor | None]":
        return [theirs[model][n, r], sides.ours[n, r]]

    return score_cells(
        cells,
        {
            "same_pair": range(len(theirs)),
            "N": settings.samples,
            "replicate": range(settings.replicates),
        },
        _reproducibility("rp_same", both, sides.threshold),
        lambda *at: {
            **dict(zip(("one", "other"), both(*at), strict=True)),
            "threshold": sides.threshold,
        },
    )


def _reproducibility(
    name: str, both: "Callable[..., list[Tensor | None]]", threshold: float
) -> "dict[str, Callable[..., Estimate]]":
    """Reproducibility of two students' samples, and its chance level."""
    from functools import partial

    from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
    from lowd.steps.scoring import measure

    rp, chance = (
        partial(metric, threshold=threshold) for metric in (reproducibility, reproducibility_chance)
    )
    return {
        name: lambda *at: measure(rp, *both(*at)),
        f"{name}_chance": lambda *at: measure(chance, *both(*at)),
    }
