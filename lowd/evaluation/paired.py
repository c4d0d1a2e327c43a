"""How far a model is from others that had the same noises."""

from collections.abc import Iterator
from math import inf

from jaxtyping import Float
from torch import Tensor

from lowd.evaluation.describing import Described
from lowd.evaluation.references import References
from lowd.evaluation.score import Score, number, share
from lowd.evaluation.threshold import Threshold
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.reproducibility import reproducibility, reproducibility_chance

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


def paired(generated: Described, references: References, threshold: Threshold) -> Iterator[Score]:
    """Distances and reproducibility; raises ValueError if samples differ in number."""
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
