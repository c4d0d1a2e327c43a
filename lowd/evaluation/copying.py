"""How many generated samples are copies of training samples, or nearer to them than real ones."""

from collections.abc import Iterator
from math import hypot, isfinite, nan

import numpy as np
import torch

from lowd.evaluation.comparing import Matches, distance_ratio
from lowd.evaluation.describing import Described
from lowd.evaluation.references import References
from lowd.evaluation.score import Score, number, share, share_interval
from lowd.evaluation.threshold import ROWS, Threshold
from lowd.metrics.authenticity import authenticity
from lowd.metrics.data_copying import data_copying
from lowd.metrics.estimate import Estimate, proportion
from lowd.progress import Watch

RATIO = 1 / 3
"""Below this d₁/d₂ a sample counts as memorised (Yoon et al. 2023)."""


def memorised(matches: Matches, references: References, threshold: Threshold) -> Iterator[Score]:
    """By τ, and by how much nearer one training sample is than the others."""
    copies = proportion(torch.from_numpy(matches.similarity > threshold.value))
    count = len(matches.similarity)
    chance = threshold.chance.value
    yield share("memorised", "memorised, above τ", copies, count, chance, "not copied")
    if chance < 1:  # nor NaN
        # A share `chance` of what was not copied passes as well.
        beyond = Estimate(
            (copies.value - chance) / (1 - chance),
            hypot(
                copies.standard_error,
                threshold.chance.standard_error * (1 - copies.value) / (1 - chance),
            )
            / (1 - chance),
        )
        yield number("memorised_beyond", "memorised, beyond chance", beyond, 0, "not copied")
    own = Estimate(1 - copies.value, copies.standard_error)
    yield share("gl", "GL", own, count, 1 - chance, "not copied")
    if not np.isfinite(matches.ratio).all():
        return
    near = proportion(torch.from_numpy(matches.ratio < RATIO))
    training, held_out = references.training.pixels, references.held_out
    fresh = (
        distance_ratio(held_out.pixels[:ROWS], training)
        if held_out is not None
        else distance_ratio(training[:ROWS], training[:ROWS], exclude_self=True)
    )
    level = float((fresh < RATIO).mean()) if np.isfinite(fresh).all() else nan
    yield share("memorised_ratio", "memorised, d₁/d₂ < ⅓", near, count, level, "real")


def nearness(generated: Described, references: References, watch: Watch) -> Iterator[Score]:
    """AuthPct, and C_T where there are samples that the model did not see."""
    ours, training = generated.features, references.training.features
    held_out = references.held_out
    watch("AuthPct", 0, 1)
    percent = authenticity(ours, training)
    level = nan if held_out is None else authenticity(held_out.features, training).value
    fraction = Estimate(percent.value / 100, percent.standard_error / 100)
    low, high = share_interval(fraction, len(ours))
    means = "real" if isfinite(level) else ""
    yield Score("authenticity", "AuthPct (%)", percent, 100 * low, 100 * high, level, means)
    watch("AuthPct", 1, 1)
    if held_out is not None:
        z = data_copying(ours, held_out.features, training)
        yield number("data_copying", "C_T (z-score)", z, 0, "perfect")
