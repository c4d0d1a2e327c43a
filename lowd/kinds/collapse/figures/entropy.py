"""GL against the entropy of what a generation learns from: modes by marker, N by colour."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from lowd.figures.style import BLACK, COLUMN, GREY, made_of, size_colours
from lowd.kinds.collapse.figures._modes import styles

SCORES = ("gl",)


def draw(results: xr.Dataset) -> Figure:
    """Left: of training data, right: of samples, each less the teacher's; a mark a student."""
    figure, panels = plt.subplots(1, 2, figsize=(2 * COLUMN, 2.7), sharey=True)
    sizes = results["N"].values.tolist()
    looks = styles(results)
    for axes, entropy in zip(panels, _entropies(results), strict=True):
        for n, colour in zip(sizes, size_colours(sizes), strict=True):
            for mode, (_, marker) in looks.items():
                x = entropy.sel(mode=mode, N=n).values.ravel()
                y = results["gl"].sel(mode=mode, N=n).values.ravel()
                axes.plot(x, y, ls="", marker=marker, color=colour, ms=3.5, mec="white", mew=0.3)
        axes.axvline(0, color=GREY, lw=0.7, zorder=1)
    panels[0].set_xlabel("entropy of training data less teacher's, in nats")
    panels[1].set_xlabel("entropy of samples less teacher's, in nats")
    panels[0].set_ylabel("GL, against its own data")
    panels[0].set_ylim(-0.04, 1.04)
    handles = [
        Line2D([], [], color=colour, ls="", marker="o", label=f"N = {n:,}")
        for n, colour in zip(sizes, size_colours(sizes), strict=True)
    ]
    handles += [
        Line2D([], [], color=BLACK, ls="", marker=marker, mec="white", mew=0.3, ms=4.5, label=mode)
        for mode, (_, marker) in looks.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure


def caption(results: xr.Dataset) -> str:
    """Rank correlations, at each N, since entropies of different N are not to be compared."""
    parts, first = [], ""
    for label, entropy in zip(("training data", "samples"), _entropies(results), strict=True):
        told = []
        for n in results["N"].values.tolist():
            x, y = entropy.sel(N=n).values.ravel(), results["gl"].sel(N=n).values.ravel()
            kept = np.isfinite(x) & np.isfinite(y)
            is_flat = kept.sum() < 3 or np.ptp(x[kept]) == 0 or np.ptp(y[kept]) == 0
            value = None if is_flat else float(stats.spearmanr(x[kept], y[kept]).statistic)
            told.append(f"{'not measured' if value is None else f'{value:.2f}'} at N = {n:,}")
        first = first or told[-1]
        parts.append(f"of {label} {', '.join(told)}")
    return (
        f"GL and the entropy of training data have a rank correlation (Spearman's) of {first}.\nGL "
        "of every student against the entropy of (a) what it learned from and (b) what it makes, "
        "by nearest neighbours, less that of as many of the teacher's own samples. A mark is a "
        "student of one replicate, generation and mode; the first generation counts once a mode. "
        f"Rank correlations with the entropy {'; '.join(parts)}. {made_of(results)}"
    ).strip()


def _entropies(results: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    dims = ("mode", "N", "replicate", "generation")
    return (
        (results["entropy_data"] - results["entropy_control"]).transpose(*dims),
        (results["entropy_samples"] - results["entropy_samples_teacher"]).transpose(*dims),
    )
