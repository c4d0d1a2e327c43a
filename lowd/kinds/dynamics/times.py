"""Times at which students generalise and memorise, and how they grow with N."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from lowd.kinds.dynamics.levels import TimesSettings
from lowd.metrics.collapse import best_exponent, curve_spread
from lowd.metrics.copy_rate import copy_rate
from lowd.metrics.descriptors import Descriptor
from lowd.metrics.times import exponent, times_to
from lowd.steps.scoring import measure, tabulate
from lowd.steps.training_sets import training_rows

PIXELS = Descriptor("identity")
"""What copies are looked for by: papers compare samples as they are."""
EXPONENTS = np.arange(61) / 20
"""Of N, tried for the best collapse of curves."""


def copied_shares(
    samples: xr.DataArray, pool: np.ndarray, sizes: Sequence[int], replicates: int
) -> xr.Dataset:
    """`copied` (N, replicate, step), the share f_mem of one model's samples that are copies."""
    points = PIXELS(pool)
    sets = {
        cell: points[rows] for cell, rows in training_rows(len(pool), sizes, replicates).items()
    }

    def share(n: int, replicate: int, step: int) -> tuple[float, float]:
        one = samples.sel({"N": n, "replicate": replicate, "step": step}).values
        rows = PIXELS(one) if np.isfinite(one).all() else None
        return measure(copy_rate, rows, sets[n, replicate])

    steps = samples["step"].values.tolist()
    table = [[[share(n, r, step) for step in steps] for r in range(replicates)] for n in sizes]
    axes = {"N": list(sizes), "replicate": list(range(replicates)), "step": steps}
    return xr.Dataset(tabulate("copied", tuple(axes), table), axes)


def times(scores: xr.Dataset, levels: TimesSettings) -> xr.Dataset:
    """When what is asked for first happens, in steps of training, between snapshots too.

    - `tau_gen`: E_gen falls to `quality`;
    - `tau_copy`: a share `copied` of the samples are copies;
    - `tau_held_out`: the held-out loss is `held_out` times its least;
    - `tau_equal`: E_gen exceeds E_mem.

    All but the first are looked for from where a student is farthest from it. Each is over (model,
    N, replicate), with `censored_…`: 0, −1 before the first snapshot, 1 not until the last, 2
    unknown. `exponent_…` (model) is that of N, with `_low` and `_high` of a 95 % interval, over the
    N that no replicate is censored at. `apart` (model, replicate, exponent) is the root mean square
    spread between N of `copied` over step/N^exponent, for 0 and 1, and `best_exponent` where it is
    least.
    """
    found = xr.Dataset()
    cells = ("model", "N", "replicate")
    steps = scores["step"].values
    for name, ratio in _ratios(scores, levels).items():
        curves = ratio.transpose(*cells, "step").values
        reached, censored = times_to(steps, curves)
        found[f"tau_{name}"] = (cells, reached)
        found[f"censored_{name}"] = (cells, censored)
        slopes = np.array([exponent(scores["N"].values, one) for one in reached])
        for suffix, values in zip(("", "_low", "_high"), slopes.T, strict=True):
            found[f"exponent_{name}{suffix}"] = ("model", values)
    return found.merge(_collapse(scores))


def _ratios(scores: xr.Dataset, levels: TimesSettings) -> dict[str, xr.DataArray]:
    """Curves that fall to 1 when it happens."""
    loss = scores["loss_held_out"].mean("sigma")
    # Between no copies at all and the first snapshot with some, half a sample stands for none.
    least = 1 / (2 * scores.attrs["noises"])
    memory = {
        "copy": levels.copied / scores["copied"].clip(min=least),
        "held_out": levels.held_out * loss.min("step") / loss,
        "equal": scores["e_mem"] / scores["e_gen"],
    }
    return {"gen": scores["e_gen"] / levels.quality} | {
        name: _from_greatest(ratio) for name, ratio in memory.items()
    }


def _from_greatest(ratio: xr.DataArray) -> xr.DataArray:
    """The same with its greatest value at all steps before that."""
    greatest = ratio.max("step")
    at = ratio["step"].isel(step=ratio.fillna(-np.inf).argmax("step")).drop_vars("step")
    return ratio.where((ratio["step"] >= at) | ratio.isnull(), greatest)


def _collapse(scores: xr.Dataset) -> xr.Dataset:
    steps, sizes = np.log2(scores["step"].values), np.log2(scores["N"].values)
    curves = scores["copied"].transpose("model", "replicate", "N", "step").values
    cells = scores.sizes["model"], scores.sizes["replicate"]
    apart, best = np.empty((*cells, 2)), np.empty(cells)
    for cell in np.ndindex(*cells):
        apart[cell] = [curve_spread(steps, curves[cell], sizes, a) for a in (0.0, 1.0)]
        best[cell] = best_exponent(steps, curves[cell], sizes, EXPONENTS)
    axes = ("model", "replicate")
    return xr.Dataset(
        {"apart": ((*axes, "exponent"), apart), "best_exponent": (axes, best)},
        {"exponent": [0.0, 1.0]},
    )
