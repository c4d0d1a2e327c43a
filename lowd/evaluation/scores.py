"""Every score of a set of generated samples, with its interval and what to compare it with."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot, inf, isfinite, nan

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.evaluation.comparing import Matches, distance_ratio
from lowd.evaluation.describing import Described
from lowd.evaluation.threshold import ROWS, Threshold
from lowd.metrics.authenticity import authenticity
from lowd.metrics.data_copying import data_copying
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.manifolds import manifolds
from lowd.metrics.reproducibility import reproducibility, reproducibility_chance
from lowd.metrics.vendi import vendi_score
from lowd.progress import Watch

NORMAL = 1.96
"""Standard errors to either end of a 95 % interval."""
RATIO = 1 / 3
"""Below this d₁/d₂ a sample counts as memorised (Yoon et al. 2023)."""
NEIGHBOUR = 5
"""Whose distance is the radius of a ball, of precision to coverage."""
DISTANCES = {
    "e_gen": "E_gen: PFD to the teacher",
    "e_mem": "E_mem: PFD to p_emp",
    "pfd": "PFD to the other",
}
SIMILARITIES = {
    "e_gen": ("rp_teacher", "RP with the teacher"),
    "e_mem": ("rp_emp", "RP with p_emp"),
    "pfd": ("rp", "RP with the other"),
}
"""By the distance to a model that had the same noises, the reproducibility with it."""


@dataclass(frozen=True)
class Score:
    """A number, how sure it is, and what to hold it against.

    Attributes:
        name: as results have it.
        label: as people read it.
        estimate: value and standard error.
        low: of the 95 % interval.
        high: of it.
        level: what the score is by chance, of real samples, or of a perfect model.
        means: which of these.
    """

    name: str
    label: str
    estimate: Estimate
    low: float | int
    high: float | int
    level: float | int = nan
    means: str = ""


@dataclass(frozen=True, eq=False)
class References:
    """What generated samples are held against.

    Attributes:
        training: what the model learned from.
        held_out: data of the same distribution that it did not see.
        teacher: what a teacher, or the true model, makes of the same noises.
        against: what another model makes of them.
        empirical: what the empirical distribution of the training set makes of them.
    """

    training: Described
    held_out: Described | None = None
    teacher: Described | None = None
    against: Described | None = None
    empirical: Described | None = None


def scores(
    generated: Described,
    references: References,
    matches: Matches,
    threshold: Threshold,
    watch: Watch,
) -> tuple[Score, ...]:
    """All that the references allow for, in the order in which they are shown.

    Raises:
        ValueError: samples that are to come from the same noises differ in number.
    """
    return (
        *_memorised(matches, references, threshold),
        *_paired(generated, references, threshold),
        *_copying(generated, references, watch),
        *_distribution(generated, references, watch),
    )


def share(
    name: str, label: str, estimate: Estimate, count: int, level: float | int = nan, means: str = ""
) -> Score:
    """A share of so many, with Agresti and Coull's interval."""
    centre = (estimate.value * count + 2) / (count + 4)
    half = NORMAL * estimate.standard_error
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Score(name, label, estimate, low, high, level, means)


def number(
    name: str,
    label: str,
    estimate: Estimate,
    level: float | int = nan,
    means: str = "",
    within: tuple[float | int, float | int] = (-inf, inf),
) -> Score:
    """A number with a normal interval, cut to what it can be."""
    half = NORMAL * estimate.standard_error
    low, high = max(within[0], estimate.value - half), min(within[1], estimate.value + half)
    return Score(name, label, estimate, low, high, level, means)


def _memorised(matches: Matches, references: References, threshold: Threshold) -> Iterator[Score]:
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
        yield number(
            "memorised_beyond", "memorised, beyond chance", beyond, 0, "not copied", (0, 1)
        )
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


def _paired(generated: Described, references: References, threshold: Threshold) -> Iterator[Score]:
    ours, τ = generated.features, threshold.value
    theirs = {
        name: _same_noises(generated, other)
        for name, other in (
            ("e_gen", references.teacher),
            ("e_mem", references.empirical),
            ("pfd", references.against),
        )
        if other is not None
    }
    for name, features in theirs.items():
        yield number(
            name,
            DISTANCES[name],
            probability_flow_distance(ours, features),
            _distance_by_chance(ours, features),
            "by chance",
            within=(0, inf),
        )
    if {"e_gen", "e_mem"} <= theirs.keys():
        gap = probability_flow_gap(ours, theirs["e_gen"], theirs["e_mem"])
        yield number("e_gap", "E_gen − E_mem", gap, 0, "transition")
    for distance, features in theirs.items():
        name, label = SIMILARITIES[distance]
        chance = reproducibility_chance(ours, features, τ).value
        alike = reproducibility(ours, features, τ)
        yield share(name, label, alike, len(ours), chance, "by chance")


def _copying(generated: Described, references: References, watch: Watch) -> Iterator[Score]:
    ours, training = generated.features, references.training.features
    held_out = references.held_out
    watch("AuthPct", 0, 1)
    percent = authenticity(ours, training)
    level = nan if held_out is None else authenticity(held_out.features, training).value
    fraction = Estimate(percent.value / 100, percent.standard_error / 100)
    interval = share("", "", fraction, len(ours))
    yield Score(
        "authenticity",
        "AuthPct (%)",
        percent,
        100 * interval.low,
        100 * interval.high,
        level,
        "real" if isfinite(level) else "",
    )
    watch("AuthPct", 1, 1)
    if held_out is not None:
        z = data_copying(ours, held_out.features, training)
        yield number("data_copying", "C_T (z-score)", z, 0, "perfect")


def _distribution(generated: Described, references: References, watch: Watch) -> Iterator[Score]:
    """Against held-out samples, or else training samples; levels are of as many real samples."""
    ours = generated.features
    held_out, training = references.held_out, references.training.features
    reference = training if held_out is None else held_out.features
    real = None if held_out is None else _some(training, len(ours))
    means = "" if real is None else "real" if len(real) == len(ours) else f"{len(real)} real"
    watch("Fréchet distance", 0, 4)
    level = nan if real is None else frechet_distance(real, reference).value
    distance = frechet_distance(ours, reference)
    yield number("frechet", "Fréchet distance", distance, level, means, within=(0, inf))
    watch("kernel distance", 1, 4)
    if min(len(ours), len(reference)) > 2:
        yield number("kid", "KID", kernel_distance(ours, reference), 0, "perfect")
    watch("precision and recall", 2, 4)
    if min(len(ours), len(reference)) > NEIGHBOUR:
        found = manifolds(ours, reference, NEIGHBOUR)
        levels = (
            dict.fromkeys(found._fields, nan)
            if real is None or len(real) <= NEIGHBOUR
            else {
                name: one.value
                for name, one in manifolds(real, reference, NEIGHBOUR)._asdict().items()
            }
        )
        for name, estimate in found._asdict().items():
            count = len(ours) if name == "precision" else len(reference)
            told = means if isfinite(levels[name]) else ""
            if name == "density":
                yield number(name, name, estimate, levels[name], told, within=(0, inf))
            else:
                yield share(name, name, estimate, count, levels[name], told)
    watch("Vendi score", 3, 4)
    if (ours != 0).any(dim=1).all():
        true = _some(reference, len(ours))
        true = true[(true != 0).any(dim=1)]
        told = "real" if len(true) == len(ours) else f"{len(true)} real"
        yield number(
            "vendi",
            "Vendi score",
            vendi_score(ours),
            vendi_score(true).value,
            told,
            within=(1, len(ours)),
        )
    watch("Vendi score", 4, 4)


def _some(rows: Float[Tensor, "row feature"], count: int) -> Float[Tensor, "some feature"]:
    """So many, evenly spread: files are often in the order of their classes."""
    if len(rows) <= count:
        return rows
    return rows[torch.linspace(0, len(rows) - 1, count).round().long()]


def _same_noises(generated: Described, other: Described) -> Tensor:
    if len(generated.features) != len(other.features):
        raise ValueError(
            f"{other.samples.name}: {len(other.features)} samples, but {generated.samples.name} "
            f"has {len(generated.features)}; sample m of both must come from noise m"
        )
    return other.features


def _distance_by_chance(
    ours: Float[Tensor, "noise feature"], theirs: Float[Tensor, "noise feature"]
) -> float:
    """The root mean squared distance between samples of different noises."""
    ours, theirs = ours.double(), theirs.double()
    count = len(ours)
    products = ours.sum(dim=0) @ theirs.sum(dim=0) - (ours * theirs).sum()
    squares = ours.square().sum() / count + theirs.square().sum() / count
    return float((squares - 2 * products / (count * (count - 1))).clamp(min=0).sqrt())
