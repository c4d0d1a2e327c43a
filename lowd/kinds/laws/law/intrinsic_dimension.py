"""The samples it takes grow in proportion to the dimension of the data.

Enough is asked three ways, a case each, since the answer depends on it: an error relative to √r,
the root mean square norm of a sample, at SHARE, the least that networks of both numbers of
clusters reach; GL at half of the teacher's own, the published rule; and E_gen = E_mem. The first
exponent has an interval by Student's t from three ranks on, the others the bootstrap's from four.
An exponent of 0 is that of an N that the dimension has no part in.
"""

import numpy as np
import xarray as xr

from lowd.figures.intervals import SIZES
from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.metrics.transition import crossings, fit_slope, slope_interval

SHARE = 0.7
RULES = {"gl": "GL", "e": "E_gen = E_mem"}


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """Exponents of every network and number of clusters of `relate`'s results."""
    known = results.isel(study=results["rank"].notnull().values).sortby("rank")
    found = {}
    for clusters in sorted(set(known["clusters"].values.tolist())):
        one = known.isel(study=(known["clusters"] == clusters).values)
        for model in known["model"].values.tolist():
            cells = one.sel(model=model)
            if not cells["e_gen"].notnull().any():
                continue
            label = f"{model}, K = {clusters}"
            found[f"{label}, E_gen = {SHARE} √r"] = _at_relative_error(cells, clusters)
            for rule, told in RULES.items():
                exponent = results.sel(model=model, kind=clusters, rule=rule)
                found[f"{label}, {told}"] = _by_rule(cells, exponent, rule)
    return found


def _at_relative_error(cells: xr.Dataset, clusters: int) -> Measured:
    above = cells["e_gen"] / cells["rank"] ** 0.5 - SHARE
    curves = above.transpose("study", "replicate", "N").values
    points, _ = crossings(np.log2(cells["N"].values / clusters), curves)
    means, log2_rank = points.mean(axis=1), np.log2(cells["rank"].values)
    count = np.isfinite(means).sum()
    if count < 2:
        return Measured(np.nan)
    if count < 3:
        return Measured(fit_slope(log2_rank, means)[0])
    return Measured(*slope_interval(log2_rank, means))


def _by_rule(cells: xr.Dataset, exponent: xr.Dataset, rule: str) -> Measured:
    whole = cells[f"log2_n_{rule}"].notnull().all("replicate")
    ends = [float(exponent[f"exponent{end}"]) for end in ("", "_low", "_high")]
    return Measured(*ends) if int(whole.sum()) >= SIZES else Measured(ends[0])


LAW = Law(
    name="N grows as the dimension",
    claim="The number of samples that generalisation takes is in proportion to the data's "
    "dimension.",
    source="Wang et al. 2024 (arXiv:2409.02426)",
    measured="Exponent of r in the N per cluster that is enough, by three rules; interval over "
    "ranks (with replicates, where it is bootstrapped).",
    unit="none",
    rule="1 is in the interval, and 0 is not.",
    claimed=Claimed("=", 1.0, without=0.0),
    measure=measure,
)
