"""The training step at which students generalise does not depend on N.

An exponent of 1 is that of a time that grows as the one of memorisation is said to; an interval
that reaches both says nothing.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.times import exponents


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """Exponents of every model."""
    return exponents(results, {"gen": ""})


LAW = Law(
    name="τ_gen does not depend on N",
    claim="The number of training steps until a student generalises is the same for all N.",
    source="Bonnaire et al. 2025 (arXiv:2505.17638)",
    measured="Exponent of N in the step at which E_gen falls to that of a student that "
    "generalises; interval over replicates, over three N or more.",
    unit="none",
    rule="0 is in the interval, and 1 is not.",
    claimed=Claimed("=", 0.0, without=1.0),
    measure=measure,
)
