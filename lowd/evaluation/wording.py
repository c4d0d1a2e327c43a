"""Scores as people read them."""

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import NamedTuple

from lowd.evaluation.evaluate import Evaluation
from lowd.evaluation.score import Score

SMALL = 1e-3
"""Below it, numbers are given in powers of ten."""


class Line(NamedTuple):
    """A score in words: what it is, its value, its 95 % interval, and what to compare it with."""

    label: str
    value: str
    interval: str
    level: str


def line(score: Score) -> Line:
    """A score, to as many digits as its interval bears out."""
    value, ends = score.estimate.value, (score.low, score.high)

    def told(number: float | int) -> str:
        if 0 < max(map(abs, (value, *ends))) < SMALL:
            return f"{number:.2g}"
        width = score.high - score.low
        digits = 3 if width <= 0 else min(4, max(0, 1 - floor(log10(width))))
        rounded = f"{number:.{digits}f}"
        return rounded.removeprefix("-") if float(rounded) == 0 else rounded

    level = f"{score.level:.3g} {score.means}" if isfinite(score.level) else ""
    return Line(score.label, told(value), f"[{told(ends[0])}, {told(ends[1])}]", level)


def summary(evaluation: Evaluation) -> str:
    """One sentence on what is copied."""
    copies, threshold = evaluation["memorised"], evaluation.threshold
    chance = ""
    if len(threshold.fresh):
        chance = f"; of real samples that are no copies {threshold.chance.value:.1%} do"
    return (
        f"{copies.estimate.value:.1%} [{copies.low:.1%}, {copies.high:.1%}] of "
        f"{evaluation.generated.count:,} samples resemble one of {evaluation.training.count:,} "
        f"training samples by more than τ = {threshold.value:.3f}{chance}."
    )


def method(evaluation: Evaluation) -> str:
    """One sentence on how it was found out, and what intervals are."""
    rule = evaluation.threshold.rule
    hint = (
        ""
        if "data_copying" in evaluation.scores
        else " With --held-out, scores of real samples stand beside, and C_T."
    )
    return (
        f"Descriptor {evaluation.descriptor}; τ {'given' if rule == 'fixed' else f'by {rule}'}. "
        "Intervals are of 95 %, over samples: Agresti and Coull's of shares, else 1.96 standard "
        f"errors.{hint}"
    )


def most_copied(evaluation: Evaluation, count: int) -> list[int]:
    """The samples most similar to a training sample; ties in their order."""
    return (-evaluation.matches.similarity).argsort(kind="stable")[:count].tolist()


def borderline(evaluation: Evaluation, count: int) -> list[int]:
    """Samples on either side of τ, by which it can be judged, the most similar first."""
    similarity, threshold = evaluation.matches.similarity, evaluation.threshold.value
    order = (-similarity).argsort(kind="stable")
    above = int((similarity > threshold).sum())
    return order[max(0, above - count // 2) : above + count // 2].tolist()


def all_warnings(evaluations: Sequence[Evaluation]) -> list[str]:
    """Each once."""
    return list(dict.fromkeys(said for one in evaluations for said in one.threshold.warnings))
