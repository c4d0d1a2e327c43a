"""Agreement by pixels: noises whose images differ by less than 15 of 255 on average."""

import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import made_of
from lowd.kinds.families.figures.agreement import described, diverged, headline, matrices


def draw(results: xr.Dataset) -> Figure:
    """The MAE score on shared and on disjoint data, beside the quality of each member."""
    return matrices(results, "mae", "MAE score")


def caption(results: xr.Dataset) -> str:
    """Means within groups."""
    return (
        f"{headline(results, 'mae', 'The MAE score')}\n{described(results, 'mae', 'MAE score')} "
        "It is the share of noises whose two images differ by less than 15 of 255 grey levels on "
        "average. (c) Fréchet distance to held-out images, bars two standard errors; dashed, fresh "
        f"samples of the teacher.{diverged(results)} {made_of(results)}"
    ).strip()
