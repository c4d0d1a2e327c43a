"""The variance over training sets falls with N.

It is to fall at every step, so the step at which it falls least, or rises, is the one asked for.
Choosing the worst step biases against the law.
"""

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import with_error


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The least negative power between neighbouring N."""
    line = results.sel(varied="data", model=results.attrs["at_model"]).sortby("N")
    variance, error = line["variance"].values, line["variance_se"].values
    octaves = np.diff(np.log2(line["N"].values))
    powers = np.diff(np.log2(variance)) / octaves
    relative = (error / variance) ** 2
    errors = np.sqrt(relative[1:] + relative[:-1]) / np.log(2) / octaves
    worst = int(powers.argmax())
    return {"": with_error(powers[worst], errors[worst])}


LAW = Law(
    name="variance falls with N",
    claim="What a student's error owes to the choice of its training set falls as N grows.",
    source="Zhang et al. 2025 (arXiv:2505.20123)",
    measured="Power of N in the variance over training sets, between the neighbouring N where it "
    "is largest; interval by jackknife errors over training sets and the normal law.",
    unit="none",
    rule="All of the interval is below 0.",
    claimed=Claimed("<", 0.0),
    measure=measure,
)
