"""`lowd pair`: students of disjoint training sets beside each other (Kadkhodaie et al. 2024)."""

from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

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
    replicates; per N their means, with standard errors, and medians. `samples` (N, side, shown) of
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
    from lowd.steps.scoring import read_training_features
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store, sample_dims, write_store

    descriptor, threshold = load_yardstick(yardstick)
    training = read_training_features(pool, settings.samples, settings.replicates, descriptor)
    images = read_store(generated)["samples"]
    points = read_store(pool)["samples"].values
    sets = training_rows(len(points), settings.samples, settings.replicates)
    edges = np.linspace(-1, 1, BINS + 1)
    pairs: list[tuple[int, ...]] = list(combinations(range(settings.replicates), 2))
    who: dict[str, list[tuple[int, ...]]] = {
        "between": pairs,
        "nearest": [(r,) for r in range(settings.replicates)],
    }
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
        coords={"N": list(settings.samples), "similarity": (edges[1:] + edges[:-1]) / 2},
        attrs={"model": settings.name, "threshold": threshold},
    )
    for name, rows in tables.items():
        shares = [np.histogram(row, edges)[0] / row.size for row in rows]
        dataset[name] = (("N", "similarity"), np.array(shares))
        dataset[f"{name}_mean"] = ("N", [row.mean() for row in rows])
        dataset[f"{name}_mean_se"] = ("N", [_error(row, who[name]) for row in rows])
        dataset[f"{name}_median"] = ("N", [np.median(row) for row in rows])
    shown = images.isel(replicate=[0, 1]).values[:, :, :SHOWN]
    dims = ("N", "side", "shown", *sample_dims(points.shape[1:]))
    dataset["samples"] = (dims, shown)
    dataset["closest"] = (dims, np.array(closest))
    write_store(output, dataset)


def _error(cosines: "np.ndarray", members: "Sequence[tuple[int, ...]]") -> float:
    """Standard error of the mean over (member, noise), a member being one replicate or a pair.

    Between replicates the jackknife's, which leaves out one at a time and so all its pairs; two
    replicates are one pair, which has no spread. Noises are shared: theirs does not average out.
    """
    import numpy as np

    noise = cosines.mean(0).var(ddof=1) / cosines.shape[1]
    replicates = max(max(one) for one in members) + 1
    kept = [[r not in one for one in members] for r in range(replicates)]
    if not all(any(row) for row in kept):
        return float(noise**0.5)
    without = [cosines[row].mean() for row in kept]
    return float(((replicates - 1) * np.var(without) + noise) ** 0.5)
