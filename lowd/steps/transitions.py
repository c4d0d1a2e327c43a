"""Transition points N* of every curve, and how they scale with |θ|."""

import numpy as np
import xarray as xr

from lowd.metrics.transition import bootstrap_slope, crossings, spread
from lowd.streams import stream_seed


def transitions(scores: xr.Dataset) -> xr.Dataset:
    """log₂ N* by each rule, its censoring, and the slope of its mean against log₂ |θ|.

    Rules: `e`, E_gen falls to E_mem; `gl`, GL rises to half of the teacher's own;
    `rp`, RP between disjoint training sets rises to ½. For each rule:

    - `log2_n_<rule>` per model and replicate (or pair), and `censored_<rule>`: 0 inside the grid of
      N, −1 below, 1 above, 2 unknown;
    - over models none of whose replicates is censored, `slope_<rule>` with the ends `_low` and
      `_high` of a 95 % bootstrap interval over models and replicates. It is approximate: it takes
      replicates, and for `rp` pairs, for independent, though they share noises and replicates;
    - the range over those models of mean log₂ N*, `spread_<rule>`, and of mean log₂(N*/√|θ|),
      `rescaled_spread_<rule>`.
    """
    differences = {
        "e": scores["e_gen"] - scores["e_mem"],
        "gl": scores["gl_teacher"] / 2 - scores["gl"],
        "rp": 0.5 - scores["rp_disjoint"],
    }
    found = xr.Dataset()
    for rule, difference in differences.items():
        found.update(transition(rule, difference, scores["parameters"].values, ("slope", rule)))
    return found


def transition(
    name: str, difference: xr.DataArray, parameters: np.ndarray, streams: tuple[str, ...]
) -> xr.Dataset:
    """Where one difference (model, replicate or pair, N) falls to 0, as `transitions` says of it.

    Args:
        name: of the rule, in the names of variables.
        difference: as for `lowd.metrics.crossing`.
        parameters: |θ|, (model,).
        streams: name of the bootstrap's random stream.
    """
    other = next(dim for dim in difference.dims if dim not in ("model", "N"))
    curves = difference.transpose("model", other, "N").values
    points, censored = crossings(np.log2(difference["N"].values), curves)
    log2_parameters = np.log2(parameters)
    # The mean over what is left of a partly censored model would be biased towards the grid.
    whole = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, np.nan)
    means = whole.mean(axis=1)
    found = xr.Dataset(
        {
            f"log2_n_{name}": (("model", other), points),
            f"censored_{name}": (("model", other), censored),
            f"spread_{name}": spread(means),
            f"rescaled_spread_{name}": spread(means - log2_parameters / 2),
        }
    )
    slope = [np.nan] * 3
    if len(np.unique(log2_parameters[np.isfinite(means)])) > 1:
        generator = np.random.default_rng(stream_seed(*streams))
        slope = list(bootstrap_slope(log2_parameters, whole, generator))
    for suffix, value in zip(("", "_low", "_high"), slope, strict=True):
        found[f"slope_{name}{suffix}"] = value
    return found
