"""Students are near the memoriser where they were trained, and far from it where they sample.

The difference is a marker of every student (`underfitting`), in units of the data's spread. It is
taken of the largest network, on average over all N, so that no N is chosen; 0 is that of a student
that fits everywhere alike.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The mean over N, over replicates."""
    largest = results["underfitting"].isel(model=int(results["parameters"].argmax("model")))
    return {"": of_mean(largest.mean("N").values)}


LAW = Law(
    name="underfitting is selective",
    claim="A student follows the empirical denoiser on noisy training points, and not on its way "
    "to samples.",
    source="Song et al. 2025 (arXiv:2510.01378)",
    measured="Distance from the empirical denoiser on the student's trajectory less that on "
    "noisy training points, of the largest network, mean over N; interval over replicates.",
    unit="spread of the data",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
