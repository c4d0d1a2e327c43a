"""Directions that a denoiser keeps, as pictures, and what going along them makes of an image."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN
from lowd.kinds.editing.drawing import (
    STARTS,
    difference,
    label,
    of_kind,
    picture,
    said,
    signed,
    tighten,
)

LINES = 4
"""Directions a noise level, at most."""


def draw(results: xr.Dataset) -> Figure:
    """A row a direction and σ: v, Jv, and the first image along it."""
    one = results.isel(denoiser=0, start=0, shown=0)
    shown = [(sigma, name) for sigma in _sigmas(one) for name in of_kind(one, "singular")[:LINES]]
    strengths = one["signed_strength"].values
    columns = 2 + len(strengths)
    figure, panels = plt.subplots(
        len(shown), columns, figsize=(2 * COLUMN, 0.35 + 0.68 * len(shown)), squeeze=False,
        gridspec_kw={"wspace": 0.04, "hspace": 0.04},
    )  # fmt: skip
    tighten(figure)
    for line, (sigma, name) in zip(panels, shown, strict=True):
        at = one.sel(sigma=sigma, direction=name)
        for axes, values in ((line[0], at["vectors"]), (line[1], at["changes"])):
            difference(axes, values, float(abs(values).max()) or 1.0)
        for axes, strength in zip(line[2:], strengths, strict=True):
            picture(axes, at["pictures"].sel(signed_strength=strength))
        said(line[0], f"$\\sigma$ = {sigma:g}\n{label(name)}\n$s$ = {float(at['gain']):.2g}")
    panels[0, 0].set_title("$v$", fontsize=7)
    panels[0, 1].set_title("$Jv$", fontsize=7)
    for axes, strength in zip(panels[0, 2:], strengths, strict=True):
        axes.set_title(signed(strength), fontsize=7)
    return figure


def _sigmas(one: xr.Dataset) -> list[float]:
    """The first and the last, or the only one."""
    values = one["sigma"].values.tolist()
    return sorted({values[0], values[-1]})


def caption(results: xr.Dataset) -> str:
    """Mean gains of the directions shown."""
    one = results.isel(denoiser=0, start=0)
    parts = []
    for sigma in _sigmas(one):
        names = of_kind(one, "singular")[:LINES]
        ends = [
            f"{label(name)} {float(at['gain']):.2f} and {float(at['end_gain']):.2f}"
            for name in dict.fromkeys((names[0], names[-1]))
            for at in [one.sel(sigma=sigma, direction=name).isel(strength=0)]
        ]
        parts.append(f"at σ = {sigma:g} {', '.join(ends)}")
    return (
        f"Of a small step the denoised image and the sampled one keep {parts[0]}.\nSingular "
        "vectors of the denoiser's Jacobian J at one noisy image (red lighter, blue darker, each "
        "on its own scale), what J makes of them, and the image that is sampled after a step of so "
        f"many σ along v. Means over {results.attrs['images']} {STARTS[str(one['start'].item())]}: "
        f"{'; '.join(parts)}."
    ).strip()
