"""Models that learn from all data so far do not collapse.

That an error stays bounded no finite number of generations shows. Of linear regression the paper
proves a bound of π²/6 on what the squared error grows by, however many there are; that is what is
claimed here, of networks, for which it was not proved.
"""

from math import pi

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """What E_gen² grows by where data accumulate, by N."""
    e_gen = results["e_gen"].sel(mode="accumulate")
    growth = (e_gen.isel(generation=-1) / e_gen.isel(generation=0)) ** 2
    return {f"N = {n}": of_mean(growth.sel({"N": n}).values) for n in results["N"].values}


LAW = Law(
    name="accumulated data do not collapse",
    claim="If generations keep all data so far, the squared error grows by π²/6 at most.",
    source="Gerstgrasser et al. 2024 (arXiv:2404.01413)",
    measured="E_gen² of the last generation over that of the first where data accumulate; "
    "interval over replicates.",
    unit="ratio",
    rule="All of the interval is below π²/6.",
    claimed=Claimed("<", pi**2 / 6),
    measure=measure,
)
