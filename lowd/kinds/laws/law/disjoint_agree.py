"""Students that share no training image make the same of one noise.

Alike is more than a number: two students that generalise are to be more alike than either is to
the data that it has seen. That needs no threshold. The largest N is looked at; the interval is
jackknifed over replicates, which pairs share.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_jackknife


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """How much nearer students are to each other than to their data."""
    last = results.isel(N=int(results["N"].argmax("N")))
    replicates = last["replicate"].values.tolist()
    without = [_nearer(last, [r for r in replicates if r != left]) for left in replicates]
    whole = _nearer(last, replicates)
    return {"": of_jackknife(whole, without) if len(replicates) > 2 else Measured(whole)}


def _nearer(last: xr.Dataset, replicates: list[int]) -> float:
    pairs = [
        pair
        for pair in last["disjoint_pair"].values.tolist()
        if {int(r) for r in pair.split("|")} <= set(replicates)
    ]
    between = last["between_mean"].sel(disjoint_pair=pairs).mean()
    return float(between - last["nearest_mean"].sel(replicate=replicates).mean())


LAW = Law(
    name="students of disjoint data agree",
    claim="Two students that share no training image are more alike than either is to its data.",
    source="Kadkhodaie et al. 2024 (arXiv:2310.02557)",
    measured="Mean cosine between two students' samples less that to the nearest training image, "
    "at the largest N; interval by jackknife over replicates.",
    unit="cosine",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
