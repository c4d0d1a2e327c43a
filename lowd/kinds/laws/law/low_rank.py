"""Jacobians of students that generalise are of low rank.

Students of the largest N are looked at. At both ends of σ published ranks are high as well, so the
median over levels is asked for: the law has to hold at most of them. Where the data are subspaces
of known rank, no more than K·r of d directions are claimed, the exact denoiser's most; of images
no number is, and half of the directions is the weakest that "low" can mean. Intervals are over
points, of one student each: what another replicate would have they do not say.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import with_error


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The median over σ of every student of its study's largest N."""
    found = {}
    for place in range(results.sizes["denoiser"]):
        one = results.isel(denoiser=place)
        fellows = results["N"].values[results["study"].values == one["study"].values]
        if int(one["N"]) == fellows.max():
            found[f"{one['study'].item()}, {one['model'].item()}"] = _median(one)
    return found


def _median(one: xr.Dataset) -> Measured:
    ends = with_error(0, 1)
    value, low, high = (float(np.median(one["rank"] + end * one["rank_se"])) for end in ends[:3])
    return Measured(value, low, high, claimed=float(one["upper"]))


LAW = Law(
    name="Jacobians are of low rank",
    claim="The Jacobian of a denoiser that generalises keeps few directions, those of the data.",
    source="Wang et al. 2024 (arXiv:2409.02426)",
    measured="Share of directions that hold 99 % of the Jacobian, the median over σ, of students "
    "of the largest N; interval over points, of one student.",
    unit="share of d",
    rule="All of the interval is below K·r/d, or below ½ where r is not known.",
    claimed=Claimed("<", 0.5),
    measure=measure,
)
