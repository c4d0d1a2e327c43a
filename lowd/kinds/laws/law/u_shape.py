"""E_gen² over the number of parameters is U-shaped.

A size has to be better than both the smallest and the largest. How much worse the better of both
ends is than the best size, in octaves, is above 0 by construction if noise chooses the best size;
so the interval is one of 95 % for all sizes between the ends together (Bonferroni).
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import LEVEL, least, with_error


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """By how many octaves E_gen² of the best size is below both ends."""
    line = results.sel(varied="data", N=results.attrs["at_samples"]).sortby("parameters")
    square, error = line["squared_error"].values, line["squared_error_se"].values
    if len(square) < 3:
        return {"": Measured(np.nan)}
    best = 1 + int(square[1:-1].argmin())
    relative = (error / square) ** 2
    ends = [
        with_error(
            np.log2(square[end] / square[best]),
            np.sqrt(relative[end] + relative[best]) / np.log(2),
            level=1 - (1 - LEVEL) / (len(square) - 2),
        )
        for end in (0, -1)
    ]
    return {"": least(*ends)}


LAW = Law(
    name="E_gen² is U-shaped over |θ|",
    claim="At one N a network of middle size has the least error: smaller ones err by bias, "
    "larger ones by variance.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Octaves by which E_gen² of the best size is below the lower of both ends; interval "
    "by jackknife errors over training sets and the normal law, for all sizes together.",
    unit="octaves",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
