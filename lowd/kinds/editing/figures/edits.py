"""Edited images, over the strength of the edit, with what each changed."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, quoted
from lowd.kinds.editing.drawing import (
    STARTS,
    difference,
    label,
    middle_strength,
    outline,
    picture,
    said,
    signed,
    tighten,
)

ROWS = 3
"""Images."""


def draw(results: xr.Dataset) -> Figure:
    """Left along v₁, right along a local direction: two rows an image, the image and its change."""
    one = _shown(results)
    strengths = one["signed_strength"].values
    figure = plt.figure(figsize=(2 * COLUMN, 0.5 + 0.95 * min(ROWS, one.sizes["shown"])))
    tighten(figure)
    blocks = figure.subfigures(1, 2, wspace=0.02, width_ratios=(1.12, 1))
    largest = float(abs(one["pictures"] - one["pictures"].sel(signed_strength=0)).max()) or 1.0
    for block, name in zip(blocks, _directions(results), strict=True):  # type: ignore[arg-type]
        pictures = one["pictures"].sel(direction=name)
        unedited = pictures.sel(signed_strength=0)
        rows = min(ROWS, one.sizes["shown"])
        panels = block.subplots(
            2 * rows, len(strengths), squeeze=False, gridspec_kw={"wspace": 0.04, "hspace": 0.04}
        )
        for image in range(rows):
            for column, strength in enumerate(strengths):
                above, below = panels[2 * image, column], panels[2 * image + 1, column]
                edited = pictures.isel(shown=image).sel(signed_strength=strength)
                picture(above, edited)
                difference(below, edited - unedited.isel(shown=image), largest)
                outline(above, results)
                outline(below, results)
            if name == _directions(results)[0]:
                said(panels[2 * image, 0], "image")
                said(panels[2 * image + 1, 0], "change")
        for axes, strength in zip(panels[0], strengths, strict=True):
            axes.set_title(signed(strength), fontsize=6.5)
        block.suptitle(label(name), fontsize=7.5)
    return figure


def _directions(results: xr.Dataset) -> tuple[str, str]:
    """The denoiser's first, and LOCO Edit's with the least that is protected."""
    return "singular-1", f"loco-{results.attrs['protect'][1]}"


def _shown(results: xr.Dataset) -> xr.Dataset:
    """Real images where there are some, at the lowest noise level, where edits are most local."""
    start = "images" if "images" in results["start"].values else results["start"].values[0]
    return results.isel(denoiser=0, sigma=0).sel(start=start)


def caption(results: xr.Dataset) -> str:
    """How much changes inside and outside, for both directions."""
    strength = middle_strength(results)
    one = _shown(results).sel(strength=strength)
    parts = [
        f"{label(name)} {quoted(at['inside_rms'], at['inside_rms_se'])} inside and "
        f"{quoted(at['outside_rms'], at['outside_rms_se'])} outside"
        for name in _directions(results)
        for at in [one.sel(direction=name)]
    ]
    first, local = (one.sel(direction=name) for name in _directions(results))
    return (
        f"Along {label(_directions(results)[1])} pixels outside the region change by "
        f"{float(local['outside_rms']):.2f}, along v₁ of J by {float(first['outside_rms']):.2f}."
        f"\nImages ({STARTS[str(one['start'].item())]}) moved at σ = {float(one['sigma']):g} along "
        "a direction of their own Jacobian, and sampled without noise; below each, what changed "
        "(red lighter, blue darker, one scale for all). The frame is the region. Root mean square "
        f"change of pixels from −1 to 1 at {strength:g}σ, mean over {results.attrs['images']} "
        f"images, ± two standard errors: {'; '.join(parts)}."
    ).strip()
