"""`lowd step recover`: subspaces of one rank, from N points each, by every method there is."""

from pathlib import Path

from lowd.base import Settings
from lowd.progress import report_begun, report_total
from lowd.theory.settings import LowRankTraining

ONE = ("pca", "denoiser")
SEVERAL = ("subspaces", "joint-subspaces", "denoiser")
"""Methods for one cluster and for several; the denoiser is held against the one before it."""


class RecoverStep(Settings):
    """Settings of the recover step."""

    seed: int
    dimension: int
    clusters: int
    rank: int
    samples: tuple[int, ...]
    trials: int
    training: LowRankTraining


def recover(settings: RecoverStep, *, output: Path) -> None:
    """Learn the bases of `trials` random problems for every N: the store `output`.

    `error` (method, N, trial) is ‖ÛÛᵀ − UUᵀ‖_F, the largest over clusters after the best matching;
    `from_clustering` (N, trial) that of the denoiser's bases to those of PCA, or of K-subspaces
    with joint orthogonality. All methods see the same points; those for a smaller N are the first
    of those for a larger. The trials of one N are one stack, whose draws are shared out among them:
    with another number of trials each is another one.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.store.arrays import write_store
    from lowd.streams import stream
    from lowd.theory.clustering import k_subspaces
    from lowd.theory.low_rank import train
    from lowd.theory.subspaces import draw_problem, matched_distance, orthonormal, principal

    s = settings
    place = (s.seed, f"clusters={s.clusters}", f"rank={s.rank}")
    drawn = [
        draw_problem(
            s.clusters, s.dimension, s.rank, max(s.samples), stream(*place, f"trial={trial}")
        )
        for trial in range(s.trials)
    ]
    truth = torch.stack([bases for bases, _ in drawn])
    every = torch.stack([points for _, points in drawn])
    methods = ONE if s.clusters == 1 else SEVERAL
    error = np.empty((len(methods), len(s.samples), s.trials))
    apart = np.empty(error.shape[1:])
    report_total(len(s.samples), "N")
    for at, n in enumerate(s.samples):
        report_begun(1)
        points = every[:, :, :n].flatten(1, 2)
        found = {}
        for method in methods:
            generator = stream(*place, f"N={n}", method)
            if method == "pca":
                bases = principal(points, s.rank, generator)[:, None]
            elif method == "denoiser":
                trained = train(points.float(), s.clusters, s.rank, s.training, generator)
                bases = orthonormal(trained)
            else:
                joint = method == "joint-subspaces"
                bases = k_subspaces(points, s.clusters, s.rank, generator, joint=joint)
            found[method] = bases
        error[:, at] = [matched_distance(found[method], truth) for method in methods]
        apart[at] = matched_distance(found["denoiser"], found[methods[-2]])
        means = zip(methods, error[:, at].mean(axis=1), strict=True)
        print(f"N={n}:", *(f"{method} {mean:.3f}" for method, mean in means), flush=True)
    dataset = xr.Dataset(
        {
            "error": (("method", "N", "trial"), error),
            "from_clustering": (("N", "trial"), apart),
        },
        {"method": list(methods), "N": list(s.samples), "trial": range(s.trials)},
    )
    write_store(output, dataset)
