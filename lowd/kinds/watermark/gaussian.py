"""The same keys on a Gaussian with the samples' covariance, in closed form."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.geometry.jacobian import effective_rank
from lowd.kinds.watermark.directions import BOTTOM
from lowd.kinds.watermark.imprint_step import ImprintStep
from lowd.watermark.adding import length_at
from lowd.watermark.evidence import Spread
from lowd.watermark.exact import area_of, deflection, end_of_flow
from lowd.watermark.ranges import NOISE

ROUNDING = (2 / 255) / 12**0.5
"""Standard deviation of what 8 bits lose, in units of [−1, 1]."""
LEVELS = 25
"""Noise levels of the curves, evenly spaced in their logarithm."""


def on_gaussian(settings: ImprintStep, spread: Spread) -> xr.Dataset:
    """`auc_gaussian` over (direction, depth, noise) of the best linear detector.

    Keys are as long as the PSNR asks for in the image, and have the same square along every axis of
    the subspace that they are of: the mean over keys, but for the axes that are few. `depth` is the
    noise level at which they are written, `noise` the strength of the attack, with that of 8 bits.
    """
    low, high = settings.sigmas[0], settings.sigmas[-1]
    depths = np.geomspace(low / 1.5, high * 1.5, LEVELS)
    noises = [0.0, *(strength for kind, strength in settings.attacks if kind == NOISE)]
    variances = spread.variances
    length = length_at(settings.psnr, len(variances))
    curves = []
    for name in settings.directions:
        rows = []
        for depth in depths.tolist():
            change = _change(name, variances, depth)
            change = length * change / change.norm()
            deflections = [
                deflection(change, variances, (ROUNDING**2 + (2 * noise) ** 2) ** 0.5)
                for noise in noises
            ]
            rows.append(area_of(torch.stack(deflections)).numpy())
        curves.append(rows)
    coords = {"direction": list(settings.directions), "depth": depths, "noise": noises}
    return xr.Dataset({"auc_gaussian": (tuple(coords), curves)}, coords)


def _change(name: str, variances: Tensor, sigma: float) -> Tensor:
    """δ of a key with equal squares along the axes that it is of, which ascend."""
    count = len(variances)
    if name == "pixels":
        return torch.ones_like(variances)
    written = torch.ones_like(variances)
    if "bottom" in name:
        written[count // BOTTOM :] = 0
    elif "jacobian" in name:
        gain = variances / (variances + sigma**2)
        top = torch.arange(count) >= count - effective_rank(gain)
        written = torch.where(top == name.startswith("in-"), written, 0.0)
    return written if name == "pixels-bottom" else end_of_flow(written, variances, sigma)
