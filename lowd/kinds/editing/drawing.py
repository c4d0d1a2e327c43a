"""How the figures of edits show directions and pictures."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lowd.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION

STARTS = {"noise": "sampled images", "images": "inverted images"}

WORDS = {
    "region": "v₁ of the region",
    "best": "generalised",
    "random-in-region": "random in region",
}
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def label(direction: str) -> str:
    """What readers call a direction."""
    kind, _, number = direction.rpartition("-")
    if kind == "singular":
        return f"v{number.translate(LOWERED)} of J"
    if kind == "loco":
        return f"LOCO, r′ = {number}"
    return WORDS.get(direction, direction)


def colour(direction: str) -> str:
    """A direction's colour; those of one kind have the same."""
    if direction.startswith("singular"):
        return BLUE
    if direction.startswith("loco"):
        return VERMILION
    return {"region": ORANGE, "best": GREEN, "random-in-region": PURPLE}.get(direction, GREY)


def of_kind(results: xr.Dataset, kind: str) -> list[str]:
    """The directions whose name begins so, in order."""
    return [name for name in results["direction"].values.tolist() if name.startswith(kind)]


def middle_strength(results: xr.Dataset) -> float:
    """The strength that edits are compared at."""
    strengths = results["strength"].values
    return float(strengths[len(strengths) // 2])


def picture(axes: Axes, image: xr.DataArray) -> None:
    """An image (channel, height, width) of −1 to 1; what lies outside is clipped."""
    pixels = np.clip((image.values.transpose(1, 2, 0) + 1) / 2, 0, 1)
    axes.imshow(pixels.squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    _bare(axes)


def difference(axes: Axes, change: xr.DataArray, largest: float) -> None:
    """A change, mean over channels: red is lighter, blue is darker, white is none."""
    values = change.mean("channel").values
    axes.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest, interpolation="nearest")
    _bare(axes)


def outline(axes: Axes, results: xr.Dataset) -> None:
    """The region's edge."""
    top, left, bottom, right = results.attrs["region"]
    axes.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5), right - left, bottom - top,
            fill=False, ec=GREEN, lw=0.8,
        )
    )  # fmt: skip


def said(axes: Axes, text: str) -> None:
    """Words left of a picture."""
    axes.text(
        -0.12, 0.5, text, ha="right", va="center", transform=axes.transAxes, fontsize=6.5,
        color=BLACK,
    )  # fmt: skip


def signed(strength: float) -> str:
    """A strength in σ."""
    return f"{strength:+g}σ".replace("-", "−") if strength else "0"


def tighten(figure: Figure) -> None:
    """Pictures of a sheet stand close together."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(w_pad=0.01, h_pad=0.012, wspace=0.0, hspace=0.0)  # type: ignore[call-arg]


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
