"""Curves of E_gen over N/√|θ| are one curve.

The crossing may collapse where the curves do not, so both are asked for. The exponent a is the one
of the least spread between sizes of E_gen over N/|θ|^a, tried in steps of STEP, which the interval
is wider by; it is jackknifed over replicates. Two sizes can always be shifted onto each other:
three are needed. No number says how little spread makes one curve, so what is left of it at the
best a is not asked for: where the law holds, no other a would be better, and that is all.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_jackknife
from lowd.metrics.collapse import best_exponent

STEP = 0.02
TRIED = np.arange(76) * STEP


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The exponent of one study."""
    curves = results["e_gen"].transpose("replicate", "model", "N").values
    log2_n, sizes = np.log2(results["N"].values), np.log2(results["parameters"].values)

    def exponent(part: np.ndarray) -> float:
        return best_exponent(log2_n, part.mean(axis=0), sizes, TRIED)

    whole = exponent(curves)
    if len(np.unique(sizes)) < 3 or len(curves) < 2:
        return {"": Measured(whole)}
    found = of_jackknife(whole, [exponent(np.delete(curves, r, 0)) for r in range(len(curves))])
    return {"": Measured(whole, found.low - STEP / 2, found.high + STEP / 2)}


LAW = Law(
    name="E_gen is a curve of N/√|θ|",
    claim="E_gen of students of all sizes is one curve of N divided by the square root of |θ|.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Exponent a at which curves of E_gen over N/|θ|^a are least apart, however far that "
    "is; interval over replicates, from three sizes on.",
    unit="none",
    rule="½ is in the interval, and 0 is not.",
    claimed=Claimed("=", 0.5, without=0.0),
    measure=measure,
)
