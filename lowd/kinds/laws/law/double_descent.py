"""The error of a student that generalises falls, rises and falls again along training.

That is claimed of the generalisation regime, not of students that memorise, so the largest N is
looked at. The largest rise of a noisy curve is above 0 though nothing rises: where a replicate is
looked at is chosen by the mean of the others (and, where results have `rise` and `fall`, by other
noises too), and both the rise and the fall after it have to be above 0. Every network is a case.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import least, of_mean, of_score
from lowd.metrics.double_descent import turning_points


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lesser of rise and fall of every network at the largest N."""
    found = {}
    for model in results["model"].values.tolist():
        last = results.sel(model=model).isel(N=-1)
        if "rise" in last:
            turns = [of_score(last, name) for name in ("rise", "fall")]
        else:
            turns = [of_mean(each) for each in _turns(last)]
        found[f"{model}, N = {last['N'].item():,}"] = least(*turns)
    return found


def _turns(one: xr.Dataset) -> np.ndarray:
    """Rise and fall, (2, replicate), at the steps that the other replicates say.

    Of replicates that did not diverge; NaN if there are no others to ask.
    """
    curves = one["e_gen"].transpose("replicate", "step").values
    curves = curves[np.isfinite(curves).all(axis=1)]
    if len(curves) < 2:
        return np.full((2, 1), np.nan)
    pairs = []
    for at, curve in enumerate(curves):
        low, peak, last = turning_points(np.delete(curves, at, 0).mean(axis=0))
        pairs.append((curve[peak] - curve[low], curve[peak] - curve[last]))
    return np.transpose(pairs)


LAW = Law(
    name="errors descend twice",
    claim="Along the training of a student that generalises E_gen falls, rises, and falls again.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Lesser of a rise of E_gen and of the fall after it, at the largest N, at steps that "
    "other replicates say; interval over replicates (and noises, where results have both).",
    unit="that of E_gen",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
