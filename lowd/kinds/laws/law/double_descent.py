"""The error of a student falls, rises and falls again along training.

The largest rise of a noisy curve is above 0 though nothing rises. So where a replicate is looked
at is chosen by the mean of the others (and, where results have `rise` and `fall`, by other noises
too), and both the rise and the fall after it have to be above 0. Every network and N is a case.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import least, of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lesser of rise and fall of every network and N."""
    found = {}
    for model in results["model"].values.tolist():
        for n in results["N"].values.tolist():
            one = results.sel({"model": model, "N": n})
            turns = (
                [one[name].values for name in ("rise", "fall")] if "rise" in one else _turns(one)
            )
            found[f"{model}, N = {n:,}"] = least(*(of_mean(each) for each in turns))
    return found


def _turns(one: xr.Dataset) -> np.ndarray:
    """Rise and fall, (2, replicate), at the steps that the other replicates say."""
    curves = one["e_gen"].transpose("replicate", "step").values
    pairs = []
    for at, curve in enumerate(curves):
        low, peak, last = _places(np.delete(curves, at, 0).mean(axis=0))
        pairs.append((curve[peak] - curve[low], curve[peak] - curve[last]))
    return np.transpose(pairs)


def _places(curve: np.ndarray) -> tuple[int, int, int]:
    """A low, a peak and a later low, of the greatest lesser of rise and fall."""
    found = []
    for peak in range(1, len(curve) - 1):
        low, last = int(curve[:peak].argmin()), peak + 1 + int(curve[peak + 1 :].argmin())
        found.append((curve[peak] - max(curve[low], curve[last]), (low, peak, last)))
    return max(found)[1]


LAW = Law(
    name="errors descend twice",
    claim="Along training E_gen falls, rises, and falls again.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Lesser of a rise of E_gen and of the fall after it, at steps that other replicates "
    "say; interval over replicates.",
    unit="of E_gen",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
