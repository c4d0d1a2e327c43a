"""`lowd step tabulate`: one dataset of everything a theory study's figures plot."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    import xarray as xr


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

    Over (method, clusters, N, rank), NaN where a method was not run: `success`, the share of
    `trials` whose error is within the tolerance; `error`, its root mean square. Over (clusters, N,
    rank): `from_clustering`, the mean distance of the denoiser's bases from PCA's or K-subspaces'.
    Over (method, clusters, excess), excess = N − r, all ranks together: `pooled`, the share of
    successes, with the ends `_low` and `_high` of Wilson's 95 % interval, and `pooled_trials`.
    """
    import json

    import numpy as np
    import xarray as xr

    from lowd.store.arrays import read_store, write_store

    expected = json.loads(yardstick.read_text())
    scores = [
        _scores(read_store(path), expected["tolerance"])
        .assign_coords(clusters=clusters, rank=rank)
        .expand_dims(["clusters", "rank"])
        for (clusters, rank), path in zip(settings.cells, recovered, strict=True)
    ]
    dataset = xr.merge(scores, join="outer", compat="no_conflicts")
    dataset = dataset.transpose("method", "clusters", "N", "rank")
    for name in ("lower_bound", "random_completion"):
        dataset[name] = (("N", "rank"), np.array(expected[name]))
    dataset = dataset.merge(_pooled(dataset)).merge(read_store(equivalence))
    dataset.attrs = {"tolerance": expected["tolerance"]}
    write_store(output, dataset)


def _scores(store: "xr.Dataset", tolerance: float) -> "xr.Dataset":
    """What the trials of one (clusters, rank) come to, with standard errors."""
    import xarray as xr

    from lowd.metrics.estimate import binomial_error

    error, apart = store["error"], store["from_clustering"]
    trials = error.sizes["trial"]
    successes = (error <= tolerance).sum("trial")
    root = (error**2).mean("trial") ** 0.5
    return xr.Dataset(
        {
            "success": successes / trials,
            "success_se": xr.apply_ufunc(binomial_error, successes, trials, vectorize=True),
            "error": root,
            "error_se": (error**2).std("trial", ddof=1)
            / trials**0.5
            / (2 * root).where(root > 0, 1),
            "trials": xr.full_like(root, trials),
            "from_clustering": apart.mean("trial"),
            "from_clustering_se": apart.std("trial", ddof=1) / trials**0.5,
        }
    )


def _pooled(dataset: "xr.Dataset") -> "xr.Dataset":
    """Successes by N − r."""
    import numpy as np
    import xarray as xr
    from scipy.stats import binomtest

    def wilson(successes: float, trials: float) -> tuple[float, float]:
        if not trials:
            return np.nan, np.nan
        interval = binomtest(round(successes), round(trials)).proportion_ci(method="wilson")
        return interval.low, interval.high

    excess = (dataset["N"] - dataset["rank"]).rename("excess")
    counts = xr.Dataset(
        {"successes": dataset["success"] * dataset["trials"], "trials": dataset["trials"]}
    )
    sums = counts.groupby(excess).sum()
    low, high = xr.apply_ufunc(
        wilson, sums["successes"], sums["trials"], output_core_dims=[[], []], vectorize=True
    )
    return xr.Dataset(
        {
            "pooled": sums["successes"] / sums["trials"].where(sums["trials"] > 0),
            "pooled_low": low,
            "pooled_high": high,
            "pooled_trials": sums["trials"],
        }
    ).transpose("method", "clusters", "excess")
