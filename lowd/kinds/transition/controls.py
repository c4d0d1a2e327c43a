"""`lowd step controls`: scores of teacher, pure noise and pure memorisation, to compare with."""

from itertools import combinations
from pathlib import Path

from lowd.base import Settings


class ControlsStep(Settings):
    """Settings of the controls step."""

    samples: tuple[int, ...]
    replicates: int


def controls(
    settings: ControlsStep,
    *,
    teacher: Path,
    empirical: Path,
    noise: Path,
    pool: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Write the controls' scores to the store `output`.

    Per (N, replicate): e_emp, the distance from the empirical denoiser to the teacher; gl_teacher,
    the teacher's own GL; gl_emp and gl_noise. Per pair of replicates rp_disjoint_emp. rp_noise, the
    reproducibility of noise that models copy unchanged is 1 by definition and not written; two
    independent noises' is.
    """
    from functools import partial

    import xarray as xr

    from lowd.metrics.flow_distance import probability_flow_distance
    from lowd.metrics.generalization import generalization
    from lowd.metrics.reproducibility import reproducibility
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import measure, read_features, read_training_features, tabulate
    from lowd.store.arrays import read_store, write_store

    descriptor, threshold = load_yardstick(yardstick)
    memorised = read_features(empirical, descriptor)
    true = descriptor(read_store(teacher)["samples"].values)
    pure = descriptor(read_store(noise)["noise"].values)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    gl = partial(generalization, threshold=threshold)
    rp = partial(reproducibility, threshold=threshold)
    pairs = list(combinations(range(settings.replicates), 2))
    metrics = {
        "e_emp": lambda cell: measure(probability_flow_distance, memorised[cell], true),
        "gl_teacher": lambda cell: measure(gl, true, training[cell]),
        "gl_emp": lambda cell: measure(gl, memorised[cell], training[cell]),
        "gl_noise": lambda cell: measure(gl, pure, training[cell]),
    }
    variables: dict[str, xr.Variable] = {}
    for name, metric in metrics.items():
        table = [
            [metric((n, replicate)) for replicate in range(settings.replicates)]
            for n in settings.samples
        ]
        variables |= tabulate(name, ("N", "replicate"), table)
    variables |= tabulate(
        "rp_disjoint_emp",
        ("N", "disjoint_pair"),
        [
            [measure(rp, memorised[n, a], memorised[n, b]) for a, b in pairs]
            for n in settings.samples
        ],
    )
    # Pure noise: each model answers with noise of its own, so halves stand for two models.
    half = len(pure) // 2
    variables |= tabulate("rp_noise", (), rp(pure[:half], pure[half : 2 * half]))
    coordinates = {"N": list(settings.samples), "replicate": list(range(settings.replicates))}
    write_store(output, xr.Dataset(variables, coordinates))
