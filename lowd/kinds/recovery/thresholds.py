"""The N at which memorisation ends, students converge and directions are recovered.

Each lies halfway: m between what points that the student has not seen score and 1, q between 0 and
1, Q between what directions at random have and 1. Their intervals are over replicates.
"""

import numpy as np
import xarray as xr

from lowd.metrics.crossing_interval import crossing_interval

RULES = ("memorisation", "convergence", "recovery", "direction_recovery")


def thresholds(overlaps: xr.Dataset, chance: float) -> xr.Dataset:
    """log₂ N* by each of RULES over (model, …), with the ends of a 95 % interval.

    `log2_n_<rule>`, `_low` and `_high`, and `censored_<rule>`: 0 inside the grid of N, −1 below,
    1 above, 2 unknown.

    Args:
        overlaps: the variables of RULES and `memorisation_other`.
        chance: Q of directions at random.
    """
    seen, unseen = overlaps["memorisation"], overlaps["memorisation_other"]
    differences = {
        "memorisation": (seen - unseen) / (1 - unseen) - 0.5,
        "convergence": 0.5 - overlaps["convergence"],
        "recovery": 0.5 - (overlaps["recovery"] - chance) / (1 - chance),
        "direction_recovery": 0.5 - (overlaps["direction_recovery"] - chance) / (1 - chance),
    }
    found = xr.Dataset()
    for rule in RULES:
        found.update(_threshold(rule, differences[rule]))
    return found


def _threshold(rule: str, difference: xr.DataArray) -> xr.Dataset:
    """Of one rule, of every curve over N that the difference has."""
    mean, without = means(difference)
    cells = [dim for dim in mean.dims if dim != "N"]
    mean = mean.transpose(*cells, "N")
    without = without.transpose(*cells, "left_out", "N")
    log2_n, shape = np.log2(difference["N"].values), mean.shape[:-1]
    table = np.empty((*shape, 4))
    for cell in np.ndindex(*shape):
        table[cell] = crossing_interval(log2_n, mean.values[cell], without.values[cell])
    names = (f"log2_n_{rule}", f"log2_n_{rule}_low", f"log2_n_{rule}_high", f"censored_{rule}")
    found = xr.Dataset({name: (cells, table[..., at]) for at, name in enumerate(names)})
    return found.assign({names[-1]: found[names[-1]].astype("int8")})


def means(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """The mean over replicates, or pairs of them, and those without each replicate in turn.

    Without one of two replicates there is no pair left, and the mean is NaN.
    """
    over = "replicate" if "replicate" in values.dims else "disjoint_pair"
    names = [str(name).split("|") for name in values[over].values]
    replicates = sorted({each for name in names for each in name})
    without = [
        values.isel({over: [left_out not in name for name in names]}).mean(over)
        for left_out in replicates
    ]
    return values.mean(over), xr.concat(without, "left_out")
