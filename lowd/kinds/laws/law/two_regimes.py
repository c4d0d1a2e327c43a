"""Students of the same noises agree when they memorise, and again when they generalise.

In the first regime a student makes what the memoriser of its training set makes, in the second
what a student of other data makes. The largest network at the smallest and the largest N is in
them if it is in any. ½ is half of all noises, and halfway between never and always, as in N* by
RP. The lesser of both shares has to exceed it, so that one regime alone is not enough.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import least, of_score


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lesser share of one study."""
    largest = results.isel(model=int(results["parameters"].argmax("model")))
    memory = of_score(largest.isel(N=0), "rp_emp")
    return {"": least(memory, of_score(largest.isel(N=-1), "rp_disjoint", "disjoint_pair"))}


LAW = Law(
    name="two regimes of reproducibility",
    claim="Students agree with the memoriser at few samples, and with students of other data at "
    "many.",
    source="Zhang et al. 2024 (arXiv:2310.05264)",
    measured="Lesser of two shares of noises, of the largest network: at the smallest N RP with "
    "the memoriser, at the largest N RP between disjoint training sets; interval over "
    "replicates.",
    unit="share of noises",
    rule="All of the interval is above ½.",
    claimed=Claimed(">", 0.5),
    measure=measure,
)
