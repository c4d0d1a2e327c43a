"""How strongly a key is written so that every marked image has the PSNR asked for."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.diffusion.denoiser import Real
from lowd.metrics.image_quality import psnr

TOLERANCE = 0.1
"""In dB."""
MOST = 9
"""Trials of an image."""

Marked = Callable[[Float[Tensor, " row"], Int[Tensor, " row"]], Float[Tensor, "row ..."]]
"""From strengths and the rows of the images that get them: the images as they are saved."""


def at_quality(
    marked: Marked,
    unmarked: Float[Tensor, "image channel height width"],
    target: Real,
    start: Real,
    largest: Real = float("inf"),
) -> tuple[Float[Tensor, "image channel height width"], Float[Tensor, " image"]]:
    """Marked images at a PSNR, each with a strength of its own, found by the secant method.

    PSNR falls nearly linearly in the logarithm of the strength, by 20 dB a decade in the image
    itself and by less along directions that a denoiser does not keep.

    Args:
        marked: writes the key.
        unmarked: what PSNR is measured from.
        target: in dB, met to TOLERANCE unless an image is still further off after MOST trials;
            then it is the nearest of them.
        start: the first strength tried.
        largest: the last one, beyond which a direction that the image does not show is given up.

    Returns:
        The images, and their strengths.
    """
    count = len(unmarked)
    decades = torch.full((count,), math.log10(start), dtype=torch.float64)
    slope = torch.full((count,), -20.0, dtype=torch.float64)
    best, found = decades.clone(), torch.zeros_like(unmarked)
    error = torch.full((count,), torch.inf, dtype=torch.float64)
    last: tuple[Tensor, Tensor] = (torch.full_like(decades, torch.nan), error.clone())
    for _ in range(MOST):
        rows = (error.abs() > TOLERANCE).nonzero()[:, 0]
        if not len(rows):
            break
        images = marked(10 ** decades[rows], rows)
        # 120 dB where nothing has changed: an infinite one has no slope.
        off = psnr(unmarked[rows], images).clamp(max=120.0) - target
        better = off.abs() < error[rows].abs()
        chosen = rows[better]
        best[chosen], error[chosen], found[chosen] = decades[chosen], off[better], images[better]
        run = (off - last[1][rows]) / (decades[rows] - last[0][rows])
        slope[rows] = torch.where(run.isfinite(), run, slope[rows]).clamp(-40.0, -4.0)
        last[0][rows], last[1][rows] = decades[rows], off
        following = decades[rows] - (off / slope[rows]).clamp(-1.0, 1.0)
        decades[rows] = following.clamp(max=math.log10(largest))
    return found, 10**best
