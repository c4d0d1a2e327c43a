"""Heat maps over (N, r): how often, and how well, every method finds the subspaces."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lowd.figures.style import BLACK, COLUMN

METHODS = {
    "pca": "PCA",
    "subspaces": "K-subspaces",
    "joint-subspaces": "K-subspaces, joint",
    "denoiser": "denoiser",
}
ACROSS = 4
MAPS = {
    "success": ("share of successes", "viridis"),
    "error": ("$\\|\\hat U\\hat U^\\top-UU^\\top\\|_F$", "magma_r"),
}


def maps(results: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """What to call each map, and its cells over the ranks that it was run for."""
    for clusters in results["clusters"].values:
        for method, label in METHODS.items():
            if method in results["method"].values:
                cells = results.sel({"method": method, "clusters": clusters}).dropna(
                    "rank", how="all", subset=["success"]
                )
                if cells.sizes["rank"]:
                    yield f"{label}, $K={clusters}$", cells


def draw(results: xr.Dataset) -> Figure:
    """Above the share of successes, below the root mean square error; the line is N = r."""
    shown = list(maps(results))
    rows = -(-len(shown) // ACROSS)
    figure, panels = plt.subplots(
        2 * rows,
        ACROSS,
        figsize=(2 * COLUMN, 0.3 + 2.7 * rows),
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for half, (name, (label, colours)) in enumerate(MAPS.items()):
        block = panels[half * rows : (half + 1) * rows]
        largest = 1.0 if name == "success" else float(results["error"].max())
        for axes, one in zip(
            block.flat, [*shown, *[None] * (block.size - len(shown))], strict=True
        ):
            if one is None:
                axes.set_visible(False)
                continue
            title, cells = one
            drawn = _map(axes, cells[name], plt.get_cmap(colours), largest)
            axes.set_title(title, fontsize=7)
        figure.colorbar(drawn, ax=block.ravel().tolist(), label=label, aspect=30, pad=0.01)
    for axes in panels[:, 0]:
        axes.set_ylabel("$r$")
    for axes in panels[-1]:
        axes.set_xlabel("$N$ per cluster")
    return figure


def _map(axes: Axes, cells: xr.DataArray, colours: Colormap, largest: float):  # type: ignore[no-untyped-def]
    ranks, n = cells["rank"].values, cells["N"].values
    shares = cells.transpose("rank", "N").values
    drawn = axes.pcolormesh(_edges(n), _edges(ranks), shares, cmap=colours, vmin=0, vmax=largest)
    diagonal = _edges(ranks)[[0, -1]]
    axes.plot(diagonal, diagonal, color="white", lw=2)
    axes.plot(diagonal, diagonal, color=BLACK, lw=0.8, ls="--")
    axes.set_xlim(*_edges(n)[[0, -1]])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(visible=False)
    return drawn


def _edges(centres: np.ndarray) -> np.ndarray:
    """Where the cells around ascending centres end."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    between = (centres[1:] + centres[:-1]) / 2
    return np.array([2 * centres[0] - between[0], *between, 2 * centres[-1] - between[-1]])


def caption(results: xr.Dataset) -> str:
    """How often each method succeeds just below, at and above N = r."""
    parts = []
    for title, cells in maps(results):
        excess, trials = cells["N"] - cells["rank"], cells["trials"]
        successes = cells["success"] * trials
        shares = [
            f"{float(successes.where(where).sum() / trials.where(where).sum()):.2f}"
            for where in (excess < 0, excess == 0, excess == 1, excess >= 2)
        ]
        parts.append(f"{title.replace('$', '')}: {', '.join(shares)}")
    counts = [int(count) for count in np.unique(results["trials"]) if np.isfinite(count)]
    return (
        "Recovery of mutually orthogonal subspaces of rank r from N points each. Above: share of "
        f"{' or '.join(map(str, counts))} trials whose largest error ‖ÛÛᵀ − UUᵀ‖_F, after the best "
        f"matching of clusters, is at most {results.attrs['tolerance']}; below: the root mean "
        "square of that error. Shares over all r for N < r, N = r, N = r + 1 and N ≥ r + 2: "
        f"{'; '.join(parts)}."
    )
