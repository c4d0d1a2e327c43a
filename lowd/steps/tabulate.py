"""`lowd tabulate`: one dataset of everything a theory study's figures plot."""

from pathlib import Path

from lowd.base import Settings


class TabulateStep(Settings):
    """Settings of the tabulate step: clusters and rank of each recovered store, in its order."""

    cells: tuple[tuple[int, int], ...]


def tabulate(
    settings: TabulateStep,
    *,
    recovered: list[Path],
    equivalence: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Join what was recovered with what theory expects, and the equivalence: `output`.

    Over (method, clusters, N, rank), NaN where a method was not run: `success`, the share of trials
    whose error is within the yardstick's; `error`, its root mean square over `trials`, with
    `error_se`. Over (method, clusters, excess), excess = N − r, all ranks together: `pooled`, with
    the ends `_low` and `_high` of Wilson's 95 % interval, and `pooled_trials`.
    """
    import json

    import numpy as np
    import xarray as xr
    from scipy.stats import binomtest

    from lowd.store.arrays import read_store, write_store

    expected = json.loads(yardstick.read_text())
    stores = [read_store(path) for path in recovered]
    methods = list(dict.fromkeys(m for store in stores for m in store["method"].values.tolist()))
    axes = {
        "method": methods,
        "clusters": sorted({clusters for clusters, _ in settings.cells}),
        "N": expected["samples"],
        "rank": expected["ranks"],
    }
    shape = [len(values) for values in axes.values()]
    names = ("success", "error", "error_se", "trials", "from_clustering")
    found = {
        name: np.full(shape if name != "from_clustering" else shape[1:], np.nan) for name in names
    }
    for (clusters, rank), store in zip(settings.cells, stores, strict=True):
        k, r = axes["clusters"].index(clusters), axes["rank"].index(rank)
        for m, method in enumerate(store["method"].values.tolist()):
            errors = store["error"].values[m]
            squares, at = errors**2, (methods.index(method), k, slice(None), r)
            root = np.sqrt(squares.mean(axis=1))
            count = errors.shape[1]
            found["success"][at] = (errors <= expected["tolerance"]).mean(axis=1)
            found["error"][at] = root
            spread = squares.std(axis=1, ddof=1) / count**0.5
            found["error_se"][at] = spread / np.where(root > 0, 2 * root, 1)
            found["trials"][at] = count
        found["from_clustering"][k, :, r] = np.median(store["from_clustering"].values, axis=1)
    dims = tuple(axes)
    dataset = xr.Dataset(
        {name: (dims[-values.ndim :], values) for name, values in found.items()}
        | {name: (("N", "rank"), expected[name]) for name in ("lower_bound", "random_completion")},
        axes,
        {"tolerance": expected["tolerance"]},
    )
    excess = dataset["N"] - dataset["rank"]
    steps = np.unique(excess.values)
    pooled = np.full((4, *shape[:2], len(steps)), np.nan)
    for at in np.ndindex(*shape[:2]):
        for position, step in enumerate(steps):
            cell = dataset.isel(method=at[0], clusters=at[1]).where(excess == step)
            trials = int(cell["trials"].sum())
            if trials:
                successes = round(float((cell["success"] * cell["trials"]).sum()))
                low, high = binomtest(successes, trials).proportion_ci(method="wilson")
                pooled[(slice(None), *at, position)] = successes / trials, low, high, trials
    dataset = dataset.assign_coords(excess=steps)
    for name, values in zip(
        ("pooled", "pooled_low", "pooled_high", "pooled_trials"), pooled, strict=True
    ):
        dataset[name] = (("method", "clusters", "excess"), values)
    write_store(output, dataset.merge(read_store(equivalence)))
