"""`lowd step pair`: students of disjoint training sets side by side (Kadkhodaie et al. 2024)."""

from itertools import combinations
from pathlib import Path

from lowd.base import Settings

SHOWN = 10
"""Noises on the sample sheet."""
BINS = 40


class PairStep(Settings):
    """Settings of the pair step; `name` is the model looked at."""

    name: str
    samples: tuple[int, ...]
    replicates: int


def pair(settings: PairStep, *, generated: Path, pool: Path, yardstick: Path, output: Path) -> None:
    """Compare students of one architecture on training sets that do not overlap: `output`.

    Over (N, similarity) the shares `between` of cosines of what two students make of one noise, and
    `nearest` of a student's samples to their most similar training image, of all pairs and of all
    replicates; their medians, and per pair and replicate their means, with standard errors over
    noises. `samples` (N, side, shown) of
    the first two students and `closest`, the training image of each that is most similar.
    arXiv:2310.02557.

    Raises:
        ValueError: a student diverged.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.metrics.descriptors import unit
    from lowd.metrics.neighbours import most_similar
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import PAIR, read_training_features
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store, sample_dims, write_store

    descriptor, threshold = load_yardstick(yardstick)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    images = read_store(generated)["samples"]
    points = read_store(pool)["samples"].values
    sets = training_rows(len(points), settings.samples, settings.replicates)
    edges = np.linspace(-1, 1, BINS + 1)
    pairs = list(combinations(range(settings.replicates), 2))
    tables: dict[str, list[np.ndarray]] = {"between": [], "nearest": []}
    closest = []
    for n in settings.samples:
        own = [unit(descriptor(one).double()) for one in images.sel({"N": n}).values]
        nearest = [most_similar(one, training[n, r]) for r, one in enumerate(own)]
        between = [(own[a] * own[b]).sum(1) for a, b in pairs]
        tables["between"].append(torch.stack(between).numpy())
        tables["nearest"].append(torch.stack([similar for similar, _ in nearest]).numpy())
        closest.append([points[sets[n, r]][nearest[r][1][:SHOWN].numpy()] for r in (0, 1)])
    dataset = xr.Dataset(
        coords={
            "N": list(settings.samples),
            "similarity": (edges[1:] + edges[:-1]) / 2,
            "disjoint_pair": [PAIR.format(a, b) for a, b in pairs],
            "replicate": list(range(settings.replicates)),
        },
        attrs={"model": settings.name, "threshold": threshold},
    )
    for name, member in (("between", "disjoint_pair"), ("nearest", "replicate")):
        rows = tables[name]
        shares = [np.histogram(row, edges)[0] / row.size for row in rows]
        dataset[name] = (("N", "similarity"), np.array(shares))
        dataset[f"{name}_mean"] = (("N", member), [row.mean(1) for row in rows])
        errors = [row.std(1, ddof=1) / row.shape[1] ** 0.5 for row in rows]
        dataset[f"{name}_mean_se"] = (("N", member), errors)
        dataset[f"{name}_median"] = ("N", [np.median(row) for row in rows])
    shown = images.isel(replicate=[0, 1]).values[:, :, :SHOWN]
    dims = ("N", "side", "shown", *sample_dims(points.shape[1:]))
    dataset["samples"] = (dims, shown)
    dataset["closest"] = (dims, np.array(closest))
    write_store(output, dataset)
