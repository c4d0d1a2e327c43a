"""Heat maps over (N, r): how often, and how well, every method finds the subspaces."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lowd.figures.style import BLACK, COLUMN

METHODS = {
    "pca": "PCA",
    "subspaces": "K-subspaces",
    "joint-subspaces": "K-subspaces, joint",
    "denoiser": "denoiser",
}
CLUSTERING = ("pca", "joint-subspaces", "subspaces")
"""What stands beside the denoiser: the first that was run. Both K-subspaces are hardly apart."""
ERROR = "‖ÛÛᵀ − UUᵀ‖$_F$"
"""Between spans; letters with their hats, as mathematics sets those apart."""
MAPS = {"success": ("share of successes", "viridis"), "error": (ERROR, "magma_r")}


def maps(results: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """What to call each map, and its cells over the ranks that it was run for."""
    for clusters in results["clusters"].values:
        for method, label in METHODS.items():
            cells = _cells(results, method, int(clusters))
            if cells is not None:
                yield f"{label}, $K={clusters}$", cells


def _cells(results: xr.Dataset, method: str, clusters: int) -> xr.Dataset | None:
    if method not in results["method"].values:
        return None
    cells = results.sel({"method": method, "clusters": clusters})
    cells = cells.dropna("rank", how="all", subset=["success"])
    return cells if cells.sizes["rank"] else None


def _columns(results: xr.Dataset, clusters: int) -> Iterator[tuple[int, str, str, xr.Dataset]]:
    """Column, score, method and cells of what a row shows, as far as it was run."""
    beside = [m for m in CLUSTERING if _cells(results, m, clusters) is not None][:1]
    for column, (score, methods) in enumerate(
        (("success", beside), ("success", ["denoiser"]), ("error", ["denoiser"]))
    ):
        for method in methods:
            cells = _cells(results, method, clusters)
            if cells is not None:
                yield column, score, method, cells


def draw(results: xr.Dataset) -> Figure:
    """A row a K: success of clustering and of the denoiser, and its error; the line is N = r."""
    clusters = results["clusters"].values.tolist()
    figure, panels = plt.subplots(
        len(clusters), 3, figsize=(2 * COLUMN, 0.7 + 1.7 * len(clusters)), sharex=True,
        sharey="row", squeeze=False,
    )  # fmt: skip
    most = float(results["error"].max())
    norms = {"success": Normalize(0, 1), "error": Normalize(0, most)}
    for axes in panels.flat:
        axes.set_visible(False)
    for row, count in zip(panels, clusters, strict=True):
        for column, score, method, cells in _columns(results, count):
            row[column].set_visible(True)
            _map(row[column], cells[score], plt.get_cmap(MAPS[score][1]), norms[score])
            name = METHODS[method].removesuffix(", joint")
            row[column].set_title(f"{name}, $K={count}$", loc="left")
        row[0].set_ylabel("rank $r$")
    for axes in panels[-1]:
        axes.set_xlabel("$N$ per cluster")
    for score, places in (("success", panels[:, :2]), ("error", panels[:, 2:])):
        label, colours = MAPS[score]
        figure.colorbar(
            ScalarMappable(norms[score], colours), ax=places.ravel().tolist(), label=label,
            location="bottom", aspect=30 if score == "success" else 15, shrink=0.9,
        )  # fmt: skip
    return figure


def _map(axes: Axes, cells: xr.DataArray, colours: Colormap, norm: Normalize) -> None:
    """Cells of all ranks from the least to the most; white where a rank was not run."""
    ranks, n = cells["rank"].values, cells["N"].values
    every = np.arange(ranks.min(), ranks.max() + 1)
    shares = cells.reindex(rank=every).transpose("rank", "N").values
    axes.pcolormesh(_edges(n), _edges(every), shares, cmap=colours, norm=norm)
    diagonal = _edges(ranks)[[0, -1]]
    axes.plot(diagonal, diagonal, color="white", lw=2.4)
    axes.plot(diagonal, diagonal, color=BLACK, lw=1.1, ls="--", label="N = r")
    axes.set_xlim(*_edges(n)[[0, -1]])
    axes.set_ylim(every[0] - 0.5, every[-1] + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(visible=False)


def _edges(centres: np.ndarray) -> np.ndarray:
    """Where the cells around ascending centres end."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.5, 0.5])
    between = (centres[1:] + centres[:-1]) / 2
    return np.array([2 * centres[0] - between[0], *between, 2 * centres[-1] - between[-1]])


def caption(results: xr.Dataset) -> str:
    """How often each method succeeds just below, at and above N = r."""
    below, parts = [], []
    for title, cells in maps(results):
        excess, trials = cells["N"] - cells["rank"], cells["trials"]
        successes = cells["success"] * trials
        shares = [
            float(successes.where(where).sum() / trials.where(where).sum())
            for where in (excess < 0, excess == 0, excess == 1, excess >= 2)
        ]
        below.append(shares[0])
        if not title.startswith(METHODS["subspaces"]) or title.startswith("K-subspaces, joint"):
            name = title.replace("$", "").replace(", joint", "")
            parts.append(f"{name}: {', '.join(f'{share:.2f}' for share in shares)}")
    counts = [int(count) for count in np.unique(results["trials"]) if np.isfinite(count)]
    measured = [share for share in below if np.isfinite(share)]
    most = max(measured, default=0.0)
    return (
        f"With fewer points than dimensions {'no' if most == 0 else f'at most {most:.0%} of'} "
        "trials recover the subspaces.\nMutually orthogonal subspaces of rank r from N points "
        f"each, a row a K: share of {' or '.join(map(str, counts))} trials whose largest error "
        f"‖ÛÛᵀ − UUᵀ‖_F, clusters matched, is at most {results.attrs['tolerance']}; right, the "
        "denoiser's root mean square error. Dashed: the bound N = r; white: not run. "
        f"{_joint(results)}Shares over all r for N < r, N = r, N = r + 1 and N ≥ r + 2: "
        f"{'; '.join(parts)}."
    )


def _joint(results: xr.Dataset) -> str:
    """How far K-subspaces with joint orthogonality succeeds more or less often than without."""
    if not {"subspaces", "joint-subspaces"} <= set(results["method"].values):
        return ""
    both = results["success"].sel({"method": ["subspaces", "joint-subspaces"]})
    apart = abs(both.isel(method=0) - both.isel(method=1)).max()
    if np.isnan(apart):
        return ""
    return (
        "Both K-subspaces, with joint orthogonality and without, differ by "
        f"{float(apart):.2f} at most. "
    )
