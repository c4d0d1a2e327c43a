"""One subspace is found from as many points on as it has dimensions.

That r points are enough and r − 1 are not is one claim: the lesser of the share of successes at N
= r and of failures at N = r − 1 is asked for. ½ is halfway between never and always; above it, the
N at which successes become more likely than failures is r. PCA is beside the denoiser, which the
theorem says is the same.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.recovery import threshold


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lesser share of PCA and of the denoiser."""
    return threshold(results, 1, ("pca", "denoiser"))


LAW = Law(
    name="r points recover a subspace",
    claim="Training a denoiser of one subspace is PCA: N ≥ r points recover it, and fewer do not.",
    source="Wang et al. 2024 (arXiv:2409.02426)",
    measured="Lesser of two shares of trials: recovered at N = r, not recovered at N = r − 1; "
    "interval over trials (Wilson).",
    unit="share of trials",
    rule="All of the interval is above ½.",
    claimed=Claimed(">", 0.5),
    measure=measure,
)
