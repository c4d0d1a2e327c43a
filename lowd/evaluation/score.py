"""A score with its 95 % interval, and what to hold it against."""

from dataclasses import dataclass
from math import inf, nan

from lowd.metrics.estimate import Estimate

NORMAL = 1.96
"""Standard errors to either end of a 95 % interval."""


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


def share(
    name: str, label: str, estimate: Estimate, count: int, level: float | int = nan, means: str = ""
) -> Score:
    """A share of so many, with its interval."""
    return Score(name, label, estimate, *share_interval(estimate, count), level, means)


def share_interval(estimate: Estimate, count: int) -> tuple[float, float]:
    """Agresti and Coull's interval of a share of so many."""
    centre = (estimate.value * count + 2) / (count + 4)
    half = NORMAL * estimate.standard_error
    return max(0.0, centre - half), min(1.0, centre + half)


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
