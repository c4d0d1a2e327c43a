"""Figures of an evaluation."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from lowd.evaluation.evaluate import Evaluation
from lowd.figures.rules import RULES
from lowd.figures.style import BLUE, COLUMN, GREY, VERMILION
from lowd.kinds.transition.figures import errors, regimes, transition
from lowd.metrics.transition import UNKNOWN

FIGURES = {"regimes": regimes, "errors": errors, "transition": transition}
"""Those of a transition study that are drawn of a table; the module of each."""
BINS = 60


def histogram(evaluation: Evaluation) -> Figure:
    """Similarities with the nearest training sample, of generated and of fresh samples, and τ."""
    found, threshold = evaluation.matches.similarity, evaluation.threshold
    low = min([*found, *threshold.fresh, threshold.value])
    edges = np.linspace(low, max(1.0, found.max()), BINS + 1)
    figure, axes = plt.subplots(figsize=(1.3 * COLUMN, 2.6))
    for values, colour, label in (
        (threshold.fresh, GREY, f"real samples that are no copies ({len(threshold.fresh):,})"),
        (found, BLUE, f"generated ({len(found):,})"),
    ):
        if not len(values):
            continue
        axes.hist(
            values,
            edges.tolist(),
            weights=np.full(len(values), 1 / len(values)),
            histtype="stepfilled" if colour == BLUE else "step",
            alpha=0.55 if colour == BLUE else 1,
            color=colour,
            lw=1.2,
            label=label,
        )
    axes.axvline(
        threshold.value, color=VERMILION, lw=1, ls="--", label=f"τ = {threshold.value:.3f}"
    )
    axes.set_xlabel("cosine with the most similar training sample")
    axes.set_ylabel("share")
    figure.legend(loc="outside upper left")
    return figure


def histogram_caption(evaluation: Evaluation) -> str:
    """What lies above τ."""
    copies, threshold = evaluation["memorised"], evaluation.threshold
    chance = ""
    if count := len(threshold.fresh):
        chance = f", and {threshold.chance.value:.1%} of {count:,} real samples that are no copies"
    return (
        f"Similarity with the most similar training sample. {copies.estimate.value:.1%} "
        f"[{copies.low:.1%}, {copies.high:.1%}] of {evaluation.generated.count:,} generated "
        f"samples exceed τ = {threshold.value:.3f}{chance}. τ by the rule "
        f"{threshold.rule}, descriptor {evaluation.descriptor}."
    )


def drawable(results: xr.Dataset) -> list[str]:
    """Names of figures for which a table has something measured."""
    measured = {
        "regimes": results["gl"].notnull().any(),
        "errors": (results["e_gen"].notnull() & results["e_mem"].notnull()).any(),
        "transition": any((results[f"censored_{rule}"] != UNKNOWN).any() for rule in RULES),
    }
    return [name for name in FIGURES if measured[name]]
