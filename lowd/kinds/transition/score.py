"""`lowd step score`: cells of one model against teacher, training set, replicates and models."""

from itertools import combinations
from pathlib import Path

from lowd.base import Settings

PAIR = "{}|{}"
"""How a coordinate names a pair of replicates or models."""


class ScoreStep(Settings):
    """Settings of the score step; `others` name the models that rp_same compares with."""

    name: str
    samples: tuple[int, ...]
    replicates: int
    others: tuple[str, ...] = ()


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
) -> None:
    """Write the scores of one model, each with its standard error, to the store `output`.

    Per (N, replicate): e_gen, e_mem, their difference e_gap, gl, rp_emp and the baselines frechet,
    authenticity and data_copying, whose held-out samples are the next replicate's training points;
    per pair of replicates rp_disjoint; per model in `other`, in the order of `settings.others`,
    rp_same. Every RP has its chance level. A diverged student scores NaN.

    Raises:
        ValueError: there are more or fewer stores in `other` than names in `settings.others`.
    """
    from functools import partial

    import xarray as xr

    from lowd.metrics.authenticity import authenticity
    from lowd.metrics.data_copying import data_copying
    from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
    from lowd.metrics.frechet import frechet_distance
    from lowd.metrics.generalization import generalization
    from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import measure, read_features, read_training_features, tabulate
    from lowd.store.arrays import read_store, write_store

    others = other or []
    if len(others) != len(settings.others):
        raise ValueError(
            f"--other: {len(others)} stores, but settings.others has {len(settings.others)} names"
        )
    descriptor, threshold = load_yardstick(yardstick)
    ours = read_features(generated, descriptor)
    memorised = read_features(empirical, descriptor)
    true = descriptor(read_store(teacher)["samples"].values)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    rp = partial(reproducibility, threshold=threshold)
    chance = partial(reproducibility_chance, threshold=threshold)
    replicates = range(settings.replicates)
    # Samples from the same noises are too alike to stand for an independent set of the teacher's.
    largest = settings.samples[-1]
    held_out = {
        replicate: training[largest, (replicate + 1) % settings.replicates][: len(true)]
        for replicate in replicates
    }

    metrics = {
        "e_gen": lambda cell: measure(probability_flow_distance, ours[cell], true),
        "e_mem": lambda cell: measure(probability_flow_distance, ours[cell], memorised[cell]),
        "e_gap": lambda cell: measure(probability_flow_gap, ours[cell], true, memorised[cell]),
        "gl": lambda cell: measure(
            partial(generalization, threshold=threshold), ours[cell], training[cell]
        ),
        "rp_emp": lambda cell: measure(rp, ours[cell], memorised[cell]),
        "rp_emp_chance": lambda cell: measure(chance, ours[cell], memorised[cell]),
        "frechet": lambda cell: measure(frechet_distance, ours[cell], held_out[cell[1]]),
        "authenticity": lambda cell: measure(authenticity, ours[cell], training[cell]),
        "data_copying": lambda cell: measure(
            data_copying, ours[cell], held_out[cell[1]], training[cell]
        ),
    }
    variables: dict[str, xr.Variable] = {}
    for name, metric in metrics.items():
        table = [[metric((n, replicate)) for replicate in replicates] for n in settings.samples]
        variables |= tabulate(name, ("N", "replicate"), table)
    pairs = list(combinations(replicates, 2))
    theirs = dict(
        zip(settings.others, [read_features(path, descriptor) for path in others], strict=True)
    )
    for name, metric in {"": rp, "_chance": chance}.items():
        variables |= tabulate(
            f"rp_disjoint{name}",
            ("N", "disjoint_pair"),
            [[measure(metric, ours[n, a], ours[n, b]) for a, b in pairs] for n in settings.samples],
        )
        if theirs:
            variables |= tabulate(
                f"rp_same{name}",
                ("same_pair", "N", "replicate"),
                [
                    [
                        [measure(metric, model[n, r], ours[n, r]) for r in replicates]
                        for n in settings.samples
                    ]
                    for model in theirs.values()
                ],
            )
    coordinates = {
        "N": list(settings.samples),
        "replicate": list(replicates),
        "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
    }
    if theirs:
        coordinates["same_pair"] = [PAIR.format(name, settings.name) for name in theirs]
    write_store(output, xr.Dataset(variables, coordinates))
