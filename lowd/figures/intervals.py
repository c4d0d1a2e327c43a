"""What an interval may be called: 95 % only where simulations say that it covers as much."""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy import stats

from lowd.figures.style import quoted_slope

SIZES = 4
"""From so many sizes on the bootstrap of slopes covers 94 % or more, with two replicates too."""
COVERAGE = {2: "44 to 77 %", 3: "88 to 98 %"}
"""What it covers of fewer: replicates vary by 0.06 octaves, sizes off the line by 0 to 0.06."""


def sizes_crossing(results: xr.Dataset, rule: str) -> int:
    """How many different |θ| a slope rests on: those whose every replicate has an N*."""
    points = results[f"log2_n_{rule}"]
    whole = points.notnull().all([dim for dim in points.dims if dim != "model"])
    return len(np.unique(results["parameters"].values[whole.values]))


def has_interval(results: xr.Dataset, rule: str) -> bool:
    """Whether the bootstrap interval of a slope may be shown as one of 95 %."""
    return sizes_crossing(results, rule) >= SIZES


def told_slope(results: xr.Dataset, rule: str) -> str:
    """The slope of log N* on log|θ| by one rule, with its interval if that covers 95 %."""
    sizes = sizes_crossing(results, rule)
    if sizes >= SIZES or sizes < 2:
        return quoted_slope(results, rule)
    return f"slope {float(results[f'slope_{rule}']):.2f} from {sizes} sizes"


def told_resampling(results: xr.Dataset, rule: str) -> str:
    """Where a slope has no interval: what its replicates, resampled, give; else nothing."""
    low, high = (float(results[f"slope_{rule}_{end}"]) for end in ("low", "high"))
    if sizes_crossing(results, rule) >= SIZES or not low < high:
        return ""
    return f"{low:.2f} to {high:.2f}"


def told_intervals(results: xr.Dataset, rules: Iterable[str]) -> list[str]:
    """The sentences on what brackets after slopes are, and why some slopes have none."""
    counts = [sizes_crossing(results, rule) for rule in rules]
    sentences = []
    if max(counts) >= SIZES:
        sentences.append(
            "Intervals (95 %, in brackets) are bootstrapped over models and replicates."
        )
    sentences += [
        f"Resampling {few} sizes and their replicates gives no 95 % interval: it covers {share} in "
        "simulations."
        for few, share in COVERAGE.items()
        if few in counts
    ]
    return sentences


def told_bands(results: xr.Dataset) -> str:
    """The sentence on what bands are, and how much two standard errors of the replicates cover.

    Training sets of one replicate are nested over N, so bands hold point by point.
    """
    replicates = results.sizes["replicate"]
    return (
        f"Means over {replicates} replicates; bands are ± two standard errors, point by point "
        f"({covered(replicates):.0%} where replicates differ more than noises do)."
    )


def covered(replicates: int) -> float:
    """How often a mean of normal values is within two of its standard errors (Student's t)."""
    return float(2 * stats.t.cdf(2, replicates - 1) - 1)
