"""Several subspaces are found from as many points of each on as they have dimensions.

The rule is that of one subspace (`pca_recovery`), with K-subspaces in the place of PCA.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.recovery import threshold


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lesser share of clustering and of the denoiser, for every K above 1."""
    several = [int(k) for k in results["clusters"].values if k > 1]
    methods = ("subspaces", "denoiser")
    return {case: one for k in several for case, one in threshold(results, k, methods).items()}


LAW = Law(
    name="r points each recover K subspaces",
    claim="Training a denoiser of K subspaces is subspace clustering: N ≥ r points of each "
    "recover them, and fewer do not.",
    source="Wang et al. 2024 (arXiv:2409.02426)",
    measured="Lesser of two shares of trials: recovered at N = r, not recovered at N = r − 1; "
    "interval over trials (Wilson).",
    unit="share of trials",
    rule="All of the interval is above ½.",
    claimed=Claimed(">", 0.5),
    measure=measure,
)
