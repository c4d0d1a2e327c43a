"""The memorised fraction over N and |θ|, with the line where it is one half."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import BLACK, COLUMN, made_of, samples_axis, short_count


def draw(results: xr.Dataset) -> Figure:
    """A cell for each N and size; the line joins where s = ½, the dotted one has slope ½."""
    ordered = results.sortby("parameters")
    samples, parameters = ordered["N"].values, ordered["parameters"].values
    fraction = ordered["s"].mean("replicate").transpose("model", "N").values
    figure, axes = plt.subplots(figsize=(COLUMN, 2.6))
    drawn = axes.pcolormesh(
        _edges(samples), _edges(parameters), fraction, cmap="cividis", vmin=0, vmax=1
    )
    crossing = ordered["log2_n_e"].mean("replicate", skipna=False).values
    axes.plot(2**crossing, parameters, "o-", color="white", mec=BLACK, mew=0.6, label="$s$ = ½")
    if np.isfinite(crossing).any():
        middle = np.nanmean(crossing - np.log2(parameters) / 2)
        axes.plot(
            2 ** (middle + np.log2(parameters) / 2), parameters, ":", color="white", label="slope ½"
        )
    samples_axis(axes, samples)
    axes.set_yscale("log", base=2)
    axes.set_yticks(parameters, [short_count(int(count)) for count in parameters])
    axes.minorticks_off()
    axes.set_ylabel("$|\\theta|$")
    axes.grid(visible=False)
    figure.colorbar(drawn, ax=axes, label="memorised fraction $s$")
    figure.legend(loc="outside upper center", ncols=2, facecolor="#9a9a9a", frameon=True)
    return figure


def _edges(values: np.ndarray) -> np.ndarray:
    """Borders of cells, halfway on a logarithmic axis; an octave wide if there is one."""
    logs = np.log2(values)
    if len(logs) == 1:
        return 2.0 ** np.array([logs[0] - 0.5, logs[0] + 0.5])
    middle = (logs[1:] + logs[:-1]) / 2
    return 2.0 ** np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]])


def caption(results: xr.Dataset) -> str:
    """Where the line of one half runs."""
    ordered = results.sortby("parameters")
    crossing = 2 ** ordered["log2_n_e"].mean("replicate", skipna=False).values
    names = [short_count(int(count)) for count in ordered["parameters"].values]
    found = [
        f"{n:.0f} at |θ| = {name}"
        for n, name in zip(crossing, names, strict=True)
        if np.isfinite(n)
    ]
    if not found:
        headline = "No size goes from memorising to generalising within the grid."
    elif len(found) == 1:
        headline = f"The N at which s = ½ is {found[0]}."
    else:
        headline = f"The N at which s = ½ goes from {found[0]} to {found[-1]}."
    return (
        f"{headline}\nMemorised fraction s of students of N samples and |θ| parameters: 1 where "
        "they act as the empirical denoiser of their training set, 0 where as the teacher. Points: "
        "s = ½, which is E_gen = E_mem, by interpolation, of sizes whose every replicate crosses. "
        f"Dotted: N in proportion to √|θ|. Means over replicates. {made_of(results)}"
    )
