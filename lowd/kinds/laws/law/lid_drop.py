"""What is memorised has fewer local dimensions than the data.

The largest network at the smallest N memorises if any does. Its local intrinsic dimension at
training points is divided by the teacher's own, so that the law holds below 1; nothing else has to
be chosen.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The ratio over replicates."""
    first = results.isel(model=int(results["parameters"].argmax("model")), N=0)
    return {"": of_mean((first["lid"] / first["lid_teacher"]).values)}


LAW = Law(
    name="LID drops where memorised",
    claim="A model has a lower local intrinsic dimension at points that it memorised than the "
    "data.",
    source="Ross et al. 2024 (arXiv:2411.00113)",
    measured="Local intrinsic dimension of the largest network at the training points of the "
    "smallest N, over the teacher's; interval over replicates.",
    unit="ratio",
    rule="All of the interval is below 1.",
    claimed=Claimed("<", 1.0),
    measure=measure,
)
