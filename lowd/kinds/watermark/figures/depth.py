"""Whether the noise level at which a key is written matters, beside a Gaussian's exact answer."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lowd.figures.style import BLACK, COLUMN, made_of, quoted
from lowd.kinds.watermark.drawing import LOOKS, added, attacks, named, reported
from lowd.watermark.ranges import JPEG, NOISE, NONE

CHANCE = 0.5
SAID = 1
"""Keys whose ends a caption tells; all are in the table."""


def draw(results: xr.Dataset) -> Figure:
    """A row a scenario, a panel an attack: AUC against σ; thin lines are a Gaussian's."""
    shown = _shown(results)
    scenarios = results["scenario"].values.tolist()
    figure, panels = plt.subplots(
        len(scenarios), len(shown), figsize=(2 * COLUMN, 0.7 + 1.7 * len(scenarios)),
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    for line, scenario in zip(panels, scenarios, strict=True):
        for axes, attack in zip(line, shown, strict=True):
            _lines(axes, results.sel(scenario=scenario, attack=attack), attack)
            axes.set_title(f"{scenario}, {named(attack)}")
        line[0].set_ylabel("AUC")
    for axes in panels[-1]:
        axes.set_xlabel("$\\sigma$ at which the key is written")
    sigmas = results["sigma"].values
    panels[0, 0].set_xscale("log")
    panels[0, 0].set_xticks(sigmas, [f"{sigma:g}" for sigma in sigmas])
    panels[0, 0].minorticks_off()
    panels[0, 0].set_ylim(top=1.02)
    figure.legend(handles=_handles(results), loc="outside lower center", ncols=3)
    return figure


def _shown(results: xr.Dataset) -> list[str]:
    """No attack, and one of noise and of JPEG: the first of each."""
    return [NONE, *attacks(results, NOISE)[:1], *attacks(results, JPEG)[:1]]


def _lines(axes: Axes, results: xr.Dataset, attack: str) -> None:
    values, errors = reported(results, "auc"), reported(results, "auc_se")
    for mark in added(results):
        look = LOOKS[mark]
        axes.errorbar(
            results["sigma"], values.sel(mark=mark), yerr=2 * errors.sel(mark=mark),
            color=look.colour, ls=look.line, marker=look.marker, elinewidth=0.7, zorder=3,
        )  # fmt: skip
        if (noise := _noise(attack)) is not None:
            exact = results["auc_gaussian"].sel(direction=mark, noise=noise)
            axes.plot(results["depth"], exact, color=look.colour, lw=0.7, ls=look.line, alpha=0.8)
    axes.axhline(CHANCE, color=BLACK, lw=0.5, ls=":")


def _noise(attack: str) -> float | None:
    """The strength for which a Gaussian's answer is known; of noise, and of no attack."""
    if attack == NONE:
        return 0.0
    kind, strength = attack.split()
    return float(strength) if kind == NOISE else None


def _handles(results: xr.Dataset) -> list[Line2D]:
    handles = [
        Line2D([], [], color=look.colour, ls=look.line, marker=look.marker, label=look.label)
        for look in (LOOKS[mark] for mark in added(results))
    ]
    exact = Line2D([], [], color=BLACK, lw=0.7, label="without markers: exact, Gaussian")
    return [*handles, exact]


def caption(results: xr.Dataset) -> str:
    """Ends of σ under noise, measured and exact."""
    scenario = results["scenario"].values[0]
    attack = (attacks(results, NOISE) or [NONE])[0]
    one = results.sel(scenario=scenario, attack=attack)
    values, errors = reported(one, "auc"), reported(one, "auc_se")
    parts = []
    for mark in added(results)[:SAID]:
        told = []
        for sigma in sorted({float(one["sigma"][0]), float(one["sigma"][-1])}):
            at = {"mark": mark, "sigma": sigma}
            curve = results["auc_gaussian"].sel(direction=mark, noise=_noise(attack))
            exact = np.interp(np.log(sigma), np.log(curve["depth"].values), curve.values)
            told.append(
                f"{quoted(values.sel(at), errors.sel(at))} at σ = {sigma:g} (Gaussian {exact:.2f})"
            )
        parts.append(f"{LOOKS[mark].label} {', '.join(told)}")
    return (
        f"{_found(results, values)}\nAUC against the noise level σ at which a key is written, all "
        f"keys scaled to {results.attrs['psnr']:g} dB. Lines without markers: the best linear "
        "detector on a Gaussian with the covariance of the teacher's samples, for keys that are "
        "spread evenly: there σ matters only by how it shapes the change of the image. Keys in "
        f"pixels know no σ. {scenario}, {named(attack)}: {'; '.join(parts)}. Dotted: chance. Bars "
        f"and ± are two standard errors. {made_of(results)}"
    ).strip()


def _found(results: xr.Dataset, values: xr.DataArray) -> str:
    """Of how many of the keys in states the AUC is less at the largest σ than at the smallest."""
    states = [mark for mark in added(results) if "pixels" not in mark]
    if results.sizes["sigma"] < 2 or not states:
        return "One noise level alone."
    ends = values.sel(mark=states).isel(sigma=[0, -1])
    fewer = int((ends.isel(sigma=1) < ends.isel(sigma=0)).sum())
    low, high = (float(sigma) for sigma in ends["sigma"].values)
    return (
        f"Of {len(states)} keys that the model carries {fewer} are found less well at "
        f"σ = {high:g} than at {low:g}."
    )
