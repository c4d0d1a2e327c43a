"""Agreement by pixels: noises whose images differ by less than 15 of 255 on average."""

import xarray as xr
from matplotlib.figure import Figure

from lowd.kinds.families.figures.agreement import described, diverged, matrices


def draw(results: xr.Dataset) -> Figure:
    """The MAE score on shared and on disjoint data, beside the quality of each member."""
    return matrices(results, "mae", "MAE score")


def caption(results: xr.Dataset) -> str:
    """Means within groups."""
    return (
        f"{described(results, 'mae', 'MAE score')} It is the share of noises whose two images "
        "differ by less than 15 of 255 grey levels on average. Right: Fréchet distances, as beside "
        f"the RP.{diverged(results)}"
    )
