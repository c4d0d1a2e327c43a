"""Exponents of N in times of training."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import Measured


def exponents(results: xr.Dataset, times: Mapping[str, str]) -> dict[str, Measured]:
    """By model and time; no interval of fewer than three N, or of a single replicate.

    Args:
        results: with `tau_<time>` (model, N, replicate), NaN where censored, and `exponent_<time>`
            (model) with its ends `_low` and `_high`.
        times: what to call each; the model alone, if nothing.
    """
    found = {}
    for model in results["model"].values.tolist():
        for time, told in times.items():
            one = results.sel(model=model)
            whole = one[f"tau_{time}"].notnull().all("replicate")
            ends = [float(one[f"exponent_{time}{end}"]) for end in ("", "_low", "_high")]
            is_told = int(whole.sum()) >= 3 and np.isfinite(ends).all()
            case = ", ".join(part for part in (model, told) if part)
            found[case] = Measured(*ends) if is_told else Measured(ends[0])
    return found
