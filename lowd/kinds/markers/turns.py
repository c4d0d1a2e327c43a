"""Where each marker turns from memorising to generalising, and how well its curves collapse.

A marker turns halfway between what the teacher scores and what pure memorisation of the same
training sets does, each the mean over replicates, or the exact value where one is known. For the
memorised fraction that is ½, which is E_gen = E_mem. No student decides where a threshold lies.
"""

from collections.abc import Callable

import numpy as np
import xarray as xr

from lowd.kinds.markers.settings import MARKERS
from lowd.metrics.collapse import best_exponent, curve_spread
from lowd.steps.transitions import transition

OF_TEACHER = {
    "nearer": 0.5,
    "lid_auc": 0.5,
    "s": 0.0,
    "s_excess": 0.0,
    "s_denoising": 0.0,
    "gap": 0.0,
}
"""What a teacher scores exactly, on average over training sets."""
EMM = 0.9
"""Share of copies of effective model memorisation."""
EXPONENTS = np.arange(41) / 40
"""Of |θ|, tried for the best collapse."""


def at_levels(markers: xr.Dataset, chosen: xr.Dataset) -> xr.Dataset:
    """The same with the markers that are read at chosen levels: `s_denoising`, `gap` and
    `underfitting`, how much farther from the empirical denoiser a student is on its own trajectory
    than on noisy training points, over the band.
    """
    half, band = int(chosen["level_half"]), chosen["band"]
    found = markers.copy()
    for name, over in {"s_denoising": "s_level", "gap": "gap_level"}.items():
        for suffix in ("", "_se"):
            found[name + suffix] = markers[over + suffix].isel(sigma=half, drop=True)
    apart = markers["memory_trajectory"] - markers["memory_training"]
    errors = (markers["memory_trajectory_se"] ** 2 + markers["memory_training_se"] ** 2) ** 0.5
    found["underfitting"] = apart.where(band).mean("sigma", skipna=True)
    # Levels share points, so their errors do not average out.
    found["underfitting_se"] = errors.where(band).mean("sigma", skipna=True)
    return found


def turns(markers: xr.Dataset) -> xr.Dataset:
    """Log₂ N* of every marker as `lowd.steps.transitions` has it of its rules, and their slopes.

    For each marker `log2_n_<marker>` (model, replicate), `censored_<marker>`: 0 inside the grid of
    N, −1 below, 1 above, 2 unknown; `halfway_<marker>` (N), the value that it turns at;
    `slope_<marker>` of mean log₂ N* against log₂ |θ| over models none of whose replicates is
    censored, with the ends of a 95 % bootstrap interval; and `spread_<marker>`,
    `rescaled_spread_<marker>`, the range of mean log₂ N* and of mean log₂(N*/√|θ|). `emm` is the
    largest N at which EMM of the samples are copies.
    """
    found = xr.Dataset()
    for marker in MARKERS:
        memory = markers[f"{marker}_emp"].mean("replicate")
        exact = OF_TEACHER.get(marker)
        truth = markers[f"{marker}_teacher"].mean("replicate") if exact is None else exact
        halfway = (memory + truth) / 2
        found[f"halfway_{marker}"] = halfway
        above = (markers[marker] - halfway) * np.sign(memory - truth)
        found = found.merge(_turn(marker, above, markers))
    return found.merge(_turn("emm", markers["copied"] - EMM, markers))


def _turn(name: str, above: xr.DataArray, markers: xr.Dataset) -> xr.Dataset:
    streams = ("markers", "slope", name)
    return transition(name, above, markers["parameters"].values, streams)


def collapses(markers: xr.Dataset) -> xr.Dataset:
    """How far apart the curves of sizes are over log₂(N/|θ|^a), by marker.

    `apart` (marker, exponent) is their root mean square spread at a = 0 and ½, `kept` (marker) the
    second over the first, and `best_exponent` (marker) the a of the least; each with its standard
    error, a jackknife over replicates.
    """
    log2_n, sizes = np.log2(markers["N"].values), np.log2(markers["parameters"].values)
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "0": lambda curves: curve_spread(log2_n, curves, sizes, 0.0),
        "half": lambda curves: curve_spread(log2_n, curves, sizes, 0.5),
        "best": lambda curves: best_exponent(log2_n, curves, sizes, EXPONENTS),
    }
    rows = []
    for marker in MARKERS:
        curves = markers[marker].transpose("replicate", "model", "N").values
        sets = [curves] + [np.delete(curves, left_out, axis=0) for left_out in range(len(curves))]
        rows.append([[each(part.mean(axis=0)) for each in statistics.values()] for part in sets])
    # (marker, all and without each replicate, statistic)
    table = np.array(rows)
    kept = table[..., 1] / table[..., 0]
    every = np.concatenate([table, kept[..., None]], axis=-1)
    value, without = every[:, 0], every[:, 1:]
    count = without.shape[1]
    error = np.sqrt((count - 1) / count * ((without - without.mean(1, keepdims=True)) ** 2).sum(1))
    return xr.Dataset(
        {
            "apart": (("marker", "exponent"), value[:, :2]),
            "apart_se": (("marker", "exponent"), error[:, :2]),
            "best_exponent": ("marker", value[:, 2]),
            "best_exponent_se": ("marker", error[:, 2]),
            "kept": ("marker", value[:, 3]),
            "kept_se": ("marker", error[:, 3]),
        },
        {"marker": list(MARKERS), "exponent": [0.0, 0.5]},
    )
