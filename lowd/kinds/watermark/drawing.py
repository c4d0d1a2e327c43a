"""What the figures of watermarks share: names, colours, and which noise level is shown."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from lowd.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from lowd.kinds.watermark.imprint_step import RESIDUAL, RINGED, TREE_RING
from lowd.watermark.ranges import JPEG, NONE


class Look(NamedTuple):
    """How a mark is drawn."""

    label: str
    colour: str
    line: str
    marker: str


LOOKS = {
    "random": Look("random key", BLUE, "-", "o"),
    "off-jacobian": Look("off the top of each J", GREEN, "-", "^"),
    "off-mean-jacobian": Look("off the top of the mean J", ORANGE, "-", "v"),
    "in-jacobian": Look("in the top of each J", VERMILION, "-", "s"),
    "bottom": Look("bottom of the covariance", PURPLE, "-", "D"),
    "pixels": Look("random key, in pixels", BLACK, "--", "o"),
    "pixels-bottom": Look("bottom of the covariance, in pixels", GREY, "--", "D"),
    "low": Look("low ring", BLUE, ":", "P"),
    "high": Look("high ring", VERMILION, ":", "X"),
    TREE_RING: Look("Tree-Ring, in the noise", GREEN, ":", "*"),
}
SCENARIOS = {
    "server": "marked while sampled",
    "user": "images there already",
}


def added(results: xr.Dataset) -> list[str]:
    """The marks that are scaled to one PSNR."""
    return results["direction"].values.tolist()


def marks(results: xr.Dataset) -> list[str]:
    """All of them."""
    return results["mark"].values.tolist()


def middle(results: xr.Dataset) -> float:
    """The noise level that is shown where one has to do."""
    sigmas = results["sigma"].values
    return float(sigmas[len(sigmas) // 2])


def reported(results: xr.Dataset, name: str) -> xr.DataArray:
    """A score of every mark by the detector that it is reported by, whichever has one."""
    rings = results[name].sel(detector=RINGED)
    return rings.where(rings.notnull(), results[name].sel(detector=RESIDUAL))


def attacks(results: xr.Dataset, kind: str) -> list[str]:
    """The attacks of a kind, as they are named."""
    return [name for name in results["attack"].values.tolist() if name.split()[0] == kind]


def named(attack: str) -> str:
    """An attack as figures tell it."""
    return "no attack" if attack == NONE else attack.replace(JPEG, "JPEG")


def at_depth(results: xr.Dataset, mark: str, scenario: str) -> xr.Dataset:
    """A mark in one scenario at the noise level that is shown, or wherever it was tried."""
    one = results.sel({"mark": mark, "scenario": scenario})
    tried = one["psnr"].notnull().values
    sigma = middle(results)
    if bool(one["psnr"].sel(sigma=sigma).notnull()) or not tried.any():
        return one.sel(sigma=sigma)
    return one.isel(sigma=int(np.flatnonzero(tried)[0]))


def most_found(results: xr.Dataset, scenario: str, attack: str, score: str) -> str:
    """The sentence on which of the added keys is found best, and on the best of those in states."""
    values = {
        mark: float(reported(at_depth(results, mark, scenario), score).sel(attack=attack))
        for mark in added(results)
    }
    best = max(values, key=values.__getitem__)
    name = {"auc": "AUC", "tpr": "TPR"}[score]
    told = f"Found best after {named(attack)}: {LOOKS[best].label} ({name} {values[best]:.2f})"
    inside = {mark: value for mark, value in values.items() if "pixels" not in mark}
    if best in inside or not inside:
        return f"{told}."
    second = max(inside, key=inside.__getitem__)
    return f"{told}; of keys that the model carries, {LOOKS[second].label} ({inside[second]:.2f})."


def quality(psnr: float, digits: int = 0) -> str:
    """A PSNR as figures tell it."""
    if np.isnan(psnr):
        return "not tried"
    return "unchanged" if np.isinf(psnr) else f"{psnr:.{digits}f} dB"
