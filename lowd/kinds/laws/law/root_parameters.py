"""N* grows as the square root of the number of parameters.

N* is where E_gen = E_mem, the paper's own rule. A slope needs four sizes for its interval, as in
all figures. No interval is given where even the largest network never comes nearer to the teacher
than the memoriser of the largest training set: N* is then no transition to generalisation. A slope
of 0 would be that of an N* that |θ| has no part in.
"""

import xarray as xr

from lowd.figures.intervals import has_interval
from lowd.kinds.laws.declaration import Claimed, Law, Measured


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The slope of one study."""
    slope, low, high = (float(results[f"slope_e{end}"]) for end in ("", "_low", "_high"))
    is_told = has_interval(results, "e") and _generalises(results)
    return {"": Measured(slope, low, high) if is_told else Measured(slope)}


def _generalises(results: xr.Dataset) -> bool:
    largest = results["e_gen"].isel(model=int(results["parameters"].argmax("model")))
    memorised = float(results["e_emp"].isel(N=-1).mean("replicate"))
    return float(largest.mean("replicate").min()) < memorised


LAW = Law(
    name="N* grows as √|θ|",
    claim="The N at which a student stops memorising grows as the square root of its parameters.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Slope of log N* on log |θ|, N* where E_gen = E_mem; interval over sizes and "
    "replicates, from four sizes on.",
    unit="none",
    rule="½ is in the interval, and 0 is not.",
    claimed=Claimed("=", 0.5, without=0.0),
    measure=measure,
)
