"""Locality explains what generalising students make.

A student's samples are compared, noise by noise, with those of the local score machine, of pure
memorisation and of the Gaussian of the same training set: the local machine has to beat both
others, by the mean cosine, at the largest N. Every size is one value, so that three sizes are
needed: replicates are few, and noises say nothing of other students. A machine whose windows are
fitted to the student has an advantage, which the rule does not take away.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import of_mean


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """The lead of the local machine over either, of all sizes."""
    last = results["cosine"].isel(N=-1).mean("replicate")
    local, found = last.sel(theory="local"), {}
    for theory in ("p_emp", "gaussian"):
        leads = (local - last.sel(theory=theory)).dropna("model").values
        found[f"over {theory}"] = of_mean(leads) if len(leads) > 2 else Measured(leads.mean())
    return found


LAW = Law(
    name="locality explains samples",
    claim="A score that sees local windows alone predicts what a student that generalises makes.",
    source="Kamb & Ganguli 2024 (arXiv:2412.20292)",
    measured="Mean cosine of a student's samples with those of the local score machine less that "
    "with another theory, at the largest N; interval over sizes, from three on.",
    unit="cosine",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
