"""Samples of all families from the same noises: one noise a column, one family a row."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, COLUMN, made_of
from lowd.kinds.families.figures.agreement import GROUPS, diverged


def draw(results: xr.Dataset) -> Figure:
    """The teacher first; names are coloured by group."""
    names, columns = results["member"].values, results.sizes["shown"]
    rows = [("teacher", BLACK, results["teacher_samples"].values)]
    rows += [
        (name, GROUPS[group], results["samples"].sel(member=name).values)
        for name, group in zip(names, results["member_group"].values, strict=True)
    ]
    figure, panels = plt.subplots(
        len(rows), columns, figsize=(COLUMN * 1.25, 0.29 * len(rows)), squeeze=False,
        gridspec_kw={"wspace": 0.05, "hspace": 0.05},
    )  # fmt: skip
    for line, (name, colour, images) in zip(panels, rows, strict=True):
        for axes, image in zip(line, images, strict=True):
            pixels = np.clip((image.transpose(1, 2, 0) + 1) / 2, 0, 1)
            axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_axis_off()
        line[0].text(
            -0.2, 0.5, name, ha="right", va="center", transform=line[0].transAxes, fontsize=6.5,
            color=colour,
        )  # fmt: skip
    return figure


def caption(results: xr.Dataset) -> str:
    """Who agrees with the teacher."""
    errors = results["e_gen"].dropna("member")
    near, far = (
        f"{errors['member'].values[at]} ({float(errors[at]):.2f})"
        for at in (int(errors.argmin("member")), int(errors.argmax("member")))
    )
    return (
        f"Of all families {near} is nearest to the teacher by E_gen, {far} furthest.\nThe first "
        f"{results.sizes['shown']} noises, one a column, through the teacher and through one "
        f"student of every family, all of the same {results.attrs['samples']:,} images; VAEs and "
        "GANs take them as latents. Names are coloured by kind. E_gen is a PFD in units of the "
        f"descriptor, a mean over students.{diverged(results)} {made_of(results)}"
    ).strip()
