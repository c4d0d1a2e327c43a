"""Shares detected against rates of false alarms, before and after JPEG."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.figures.style import COLUMN, GREY, made_of, quoted
from lowd.kinds.watermark.drawing import (
    LOOKS,
    added,
    at_depth,
    attacks,
    marks,
    middle,
    most_found,
    named,
    reported,
)
from lowd.watermark.ranges import JPEG, NONE

SAID = 3
"""Keys that a caption tells; all are in the table."""


def draw(results: xr.Dataset) -> Figure:
    """A row a scenario; left no attack, right JPEG. The vertical line is 1 %."""
    shown = [NONE, *attacks(results, JPEG)[:1]]
    scenarios = results["scenario"].values.tolist()
    figure, panels = plt.subplots(
        len(scenarios), len(shown), figsize=(2 * COLUMN, 0.9 + 1.9 * len(scenarios)),
        sharex=True, sharey=True, squeeze=False,
    )  # fmt: skip
    for line, scenario in zip(panels, scenarios, strict=True):
        for axes, attack in zip(line, shown, strict=True):
            for mark in marks(results):
                look = LOOKS[mark]
                one = at_depth(results, mark, scenario).sel(attack=attack)
                if one["roc"].notnull().all():
                    axes.plot(
                        results["rate"], one["roc"], color=look.colour, ls=look.line,
                        drawstyle="steps-post", label=look.label,
                    )  # fmt: skip
            axes.plot(results["rate"], results["rate"], color=GREY, lw=0.6, label="chance")
            axes.axvline(results.attrs["rate"], color=GREY, lw=0.6, ls=":", label="1 %")
            axes.set_title(f"{scenario}, {named(attack)}")
        line[0].set_ylabel("share detected")
    for axes in panels[-1]:
        axes.set_xlabel("rate of false alarms")
    panels[0, 0].set_xscale("log")
    panels[0, 0].set_xlim(1e-3, 1)
    panels[0, 0].set_ylim(0, 1.02)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def caption(results: xr.Dataset) -> str:
    """TPR at 1 % after JPEG, the rate on images that chose no threshold, and p-values."""
    attack = (attacks(results, JPEG) or [NONE])[0]
    scenario = results["scenario"].values[0]
    parts = []
    for mark in added(results)[:SAID]:
        one = at_depth(results, mark, scenario).sel(attack=attack)
        value, error = reported(one, "tpr"), reported(one, "tpr_se")
        parts.append(f"{LOOKS[mark].label} {quoted(value, error)}")
    false = reported(results, "fpr").values
    own = results["nominal"].sel(level=0.01).values
    published = results["published"].sel(level=0.01).values
    told = ""
    if np.isfinite(published).any():
        told = f", by the published formula for rings up to {np.nanmax(published):.2f}"
    return (
        f"{most_found(results, str(scenario), attack, 'tpr')}\nShare of marked images detected "
        "against the rate of false alarms; grey: chance, and 1 %. "
        f"σ = {middle(results):g}. At 1 %, {scenario}, "
        f"{named(attack)}: "
        f"{', '.join(parts)}. Half of the unmarked images choose thresholds; of the others "
        f"{np.nanmean(false):.3f} exceed them. p-values below 0.01 have {np.nanmean(own):.3f} of "
        f"the unmarked{told}. ± are two standard errors, bootstrapped over both kinds of images. "
        f"{made_of(results)}"
    ).strip()
