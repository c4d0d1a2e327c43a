"""Diffusion models of different families make the same of one noise.

½ is half of all noises; published pairs are between 0.70 and 0.91, of other data, so that no
number can be claimed. The interval is over the choice of families, not over noises: which families
there are is what the claim generalises over.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_jackknife


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """Mean RP between different diffusion families, on shared and on disjoint data."""
    own = results["family"].values == results["member"].values
    names = results["member"].values[own & (results["member_group"].values == "diffusion")]
    found = {}
    for data in results["data"].values.tolist():
        rp = results["rp"].sel(data=data, one=names, other=names).values
        parts = [np.delete(np.delete(rp, at, 0), at, 1) for at in range(len(names))]
        found[f"{data} data"] = of_jackknife(_between(rp), [_between(part) for part in parts])
    return found


def _between(rp: np.ndarray) -> float:
    return float(rp[~np.eye(len(rp), dtype=bool)].mean())


LAW = Law(
    name="diffusion families agree",
    claim="Diffusion models of different families make nearly the same image of the same noise.",
    source="Zhang et al. 2024 (arXiv:2310.05264)",
    measured="Mean RP between different diffusion families; interval by jackknife over families.",
    unit="share of noises",
    rule="All of the interval is above ½.",
    claimed=Claimed(">", 0.5),
    measure=measure,
)
