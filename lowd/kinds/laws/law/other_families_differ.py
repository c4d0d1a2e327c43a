"""VAEs and GANs do not make the same of one noise.

Within each of both groups the pair that agrees most is asked for, one architecture with another
seed included: choosing it biases against the law. ½ is that of diffusion families, which they are
told from.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import with_error


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The largest RP of two models of each group, on shared data."""
    shared, found = results[["rp", "rp_se"]].sel(data="shared"), {}
    for group in results["group"].values.tolist():
        names = results["member"].values[results["member_group"].values == group]
        pairs = shared.sel(one=names, other=names).stack(pair=("one", "other"))
        most = pairs.isel(pair=int(pairs["rp"].argmax("pair")))
        found[group] = with_error(most["rp"], most["rp_se"])
    return found


LAW = Law(
    name="VAEs and GANs do not agree",
    claim="VAEs and GANs that were trained apart make different images of the same noise.",
    source="Zhang et al. 2024 (arXiv:2310.05264)",
    measured="RP of the two models of a group that agree most; interval over noises.",
    unit="share of noises",
    rule="All of the interval is below ½.",
    claimed=Claimed("<", 0.5),
    measure=measure,
)
