"""`lowd step controls`: scores of teacher, pure noise and pure memorisation, to compare with."""

from itertools import combinations
from pathlib import Path

from lowd.base import Settings
from lowd.store.cells import Cells


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
    cells: Cells | None = None,
) -> None:
    """Write the controls' scores to the store `output`.

    Per (N, replicate): e_emp, the distance from the empirical denoiser to the teacher; gl_teacher,
    the teacher's own GL; gl_emp and gl_noise. Per pair of replicates rp_disjoint_emp. rp_noise, the
    reproducibility of noise that models copy unchanged is 1 by definition and not written; two
    independent noises' is. What an earlier job has scored of the same samples, by `cells`, is taken
    from its store.
    """
    from functools import partial

    import xarray as xr

    from lowd.metrics.flow_distance import probability_flow_distance
    from lowd.metrics.generalization import generalization
    from lowd.metrics.reproducibility import reproducibility
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import (
        measure,
        read_features,
        read_training_features,
        score_cells,
        tabulate,
    )
    from lowd.store.arrays import read_store, write_store

    descriptor, threshold = load_yardstick(yardstick)
    memorised = read_features(empirical, descriptor)
    true = descriptor(read_store(teacher)["samples"].values)
    pure = descriptor(read_store(noise)["noise"].values)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    gl = partial(generalization, threshold=threshold)
    rp = partial(reproducibility, threshold=threshold)
    pairs = list(combinations(range(settings.replicates), 2))
    cells = cells or Cells()
    variables: dict[str, xr.Variable] = score_cells(
        cells,
        {"N": settings.samples, "replicate": range(settings.replicates)},
        {
            "e_emp": lambda *at: measure(probability_flow_distance, memorised[at], true),
            "gl_teacher": lambda *at: measure(gl, true, training[at]),
            "gl_emp": lambda *at: measure(gl, memorised[at], training[at]),
            "gl_noise": lambda *at: measure(gl, pure, training[at]),
        },
        lambda *at: {
            "memorised": memorised[at],
            "training": training[at],
            "true": true,
            "noise": pure,
            "threshold": threshold,
        },
    )
    variables |= score_cells(
        cells,
        {"N": settings.samples, "disjoint_pair": pairs},
        {
            "rp_disjoint_emp": lambda n, pair: measure(
                rp, memorised[n, pair[0]], memorised[n, pair[1]]
            )
        },
        lambda n, pair: {
            "one": memorised[n, pair[0]],
            "other": memorised[n, pair[1]],
            "threshold": threshold,
        },
    )
    # Pure noise: each model answers with noise of its own, so halves stand for two models.
    half = len(pure) // 2
    variables |= tabulate("rp_noise", (), rp(pure[:half], pure[half : 2 * half]))
    coordinates = {"N": list(settings.samples), "replicate": list(range(settings.replicates))}
    write_store(output, xr.Dataset(variables, coordinates))
