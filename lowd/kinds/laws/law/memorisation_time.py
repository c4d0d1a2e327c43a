"""The training step at which students memorise grows in proportion to N.

Two marks of memorisation are a case each, since the answer may depend on them: copies appear, and
E_gen exceeds E_mem. An exponent of 0 is that of a time that N has no part in.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.times import exponents


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """Exponents of every model."""
    return exponents(results, {"copy": "copies", "equal": "E_gen = E_mem"})


LAW = Law(
    name="τ_mem grows as N",
    claim="The number of training steps until a student memorises is in proportion to N.",
    source="Bonnaire et al. 2025 (arXiv:2505.17638)",
    measured="Exponent of N in the step at which copies appear, or E_gen exceeds E_mem; interval "
    "over replicates, over three N or more.",
    unit="none",
    rule="1 is in the interval, and 0 is not.",
    claimed=Claimed("=", 1.0, without=0.0),
    measure=measure,
)
