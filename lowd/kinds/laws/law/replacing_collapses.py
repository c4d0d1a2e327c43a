"""Models that learn from the last one's samples alone become worse.

The last generation's E_gen to the first teacher is compared with the first's, by octaves; every N
is a case. The control, new samples of the teacher in every generation, would show 0.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The growth of E_gen where data are replaced, by N."""
    e_gen = results["e_gen"].sel(mode="replace")
    ratio = e_gen.isel(generation=-1) / e_gen.isel(generation=0)
    growth = xr.apply_ufunc(np.log2, ratio)
    return {f"N = {n}": of_mean(growth.sel({"N": n}).values) for n in results["N"].values}


LAW = Law(
    name="replacing data collapses",
    claim="Generations of models that learn from the one before alone grow worse and worse.",
    source="Shumailov et al. 2023 (arXiv:2305.17493)",
    measured="Octaves by which E_gen grows from the first generation to the last where data are "
    "replaced; interval over replicates.",
    unit="octaves",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
