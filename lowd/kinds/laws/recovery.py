"""Whether subspaces are found from r points on, and not from r − 1."""

from collections.abc import Iterable

import xarray as xr

from lowd.kinds.laws.declaration import Measured
from lowd.kinds.laws.intervals import least


def threshold(results: xr.Dataset, clusters: int, methods: Iterable[str]) -> dict[str, Measured]:
    """By method the lesser of two shares: successes at N = r, and failures at N = r − 1.

    Their intervals are Wilson's, all ranks together.
    """
    found = {}
    for method in methods:
        ends = results.sel({"method": method, "clusters": clusters})
        names = ("pooled", "pooled_low", "pooled_high")
        enough, low, high = (float(ends[name].sel(excess=0)) for name in names)
        few, few_low, few_high = (float(ends[name].sel(excess=-1)) for name in names)
        both = Measured(enough, low, high), Measured(1 - few, 1 - few_high, 1 - few_low)
        found[f"{method}, K = {clusters}"] = least(*both)
    return found
