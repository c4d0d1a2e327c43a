"""`lowd step equate`: a denoiser's loss against that of PCA or subspace clustering."""

from pathlib import Path

from lowd.base import Settings
from lowd.theory.settings import EquivalenceSettings


class EquateStep(Settings):
    """Settings of the equate step."""

    seed: int
    dimension: int
    clusters: tuple[int, ...]
    equivalence: EquivalenceSettings


def equate(settings: EquateStep, *, output: Path) -> None:
    """Measure both sides of the equivalence over σ: the store `output`.

    In units of the points' mean square, as means over problems with standard errors, over
    (clusters, bases, sigma): `clean_gap`, the denoiser's loss, weights from clean points, minus the
    closed form; and, over `weights` too, `gap`, the loss with weights from noisy points minus that
    with weights from clean ones, same noises. `bases` are `random`, or `half-learnt`: the true ones
    with as much noise again.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.store.arrays import write_store
    from lowd.streams import stream
    from lowd.theory.equivalence import Weights, clustering_loss, denoising_loss
    from lowd.theory.subspaces import draw_problem, polar

    s, e = settings, settings.equivalence
    starts = {"random": 0.0, "half-learnt": 1.0}
    judged: tuple[Weights, ...] = ("hard", "soft")
    every: tuple[Weights, ...] = ("clean", *judged)
    clean = np.empty((len(s.clusters), len(starts), len(e.sigmas), e.problems))
    gap = np.empty((len(judged), *clean.shape))
    for k, clusters in enumerate(s.clusters):
        generator = stream(s.seed, "equivalence", f"clusters={clusters}")
        drawn = [
            draw_problem(clusters, s.dimension, e.rank, e.samples, generator)
            for _ in range(e.problems)
        ]
        points = torch.stack([points.flatten(0, 1) for _, points in drawn])
        truth = torch.stack([bases for bases, _ in drawn])
        noise = torch.randn(truth.shape, generator=generator, dtype=truth.dtype)
        scale = points.square().sum(dim=2).mean(dim=1)
        for b, share in enumerate(starts.values()):
            mixed = (share * truth + noise / s.dimension**0.5).movedim(1, 2)
            bases = polar(mixed.flatten(2)).unflatten(2, (clusters, e.rank)).movedim(2, 1)
            for i, sigma in enumerate(e.sigmas):
                losses = {}
                for weights in every:
                    noises = stream(s.seed, "equivalence", f"clusters={clusters}", f"sigma={sigma}")
                    loss, _ = denoising_loss(points, bases, sigma, weights, e.draws, noises)
                    losses[weights] = loss
                clean[k, b, i] = (losses["clean"] - clustering_loss(points, bases, sigma)) / scale
                for j, weights in enumerate(judged):
                    gap[j, k, b, i] = (losses[weights] - losses["clean"]) / scale
    dims = ("clusters", "bases", "sigma")
    dataset = xr.Dataset(
        coords={
            "clusters": list(s.clusters),
            "bases": list(starts),
            "sigma": list(e.sigmas),
            "weights": list(judged),
        }
    )
    for name, values, axes in (("clean_gap", clean, dims), ("gap", gap, ("weights", *dims))):
        dataset[name] = (axes, values.mean(axis=-1))
        dataset[f"{name}_se"] = (axes, values.std(axis=-1, ddof=1) / e.problems**0.5)
    write_store(output, dataset)
