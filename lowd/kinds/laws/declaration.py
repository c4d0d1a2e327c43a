"""What a law is: a claim, who made it, what is measured of it, and when a row of results holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import xarray as xr

HOLDS, FAILS, OPEN = 1, 0, -1
"""What is said of a row; OPEN where its interval does not tell, or where it has none."""


class Measured(NamedTuple):
    """A number with the ends of its 95 % interval, NaN if there is none.

    `claimed` is what the law says of this row, if not the same of all.
    """

    value: float
    low: float = nan
    high: float = nan
    claimed: float = nan


@dataclass(frozen=True)
class Claimed:
    """What the measured number is to be.

    Attributes:
        relation: `=`, above `>` or below `<`.
        value: what it is compared with.
        without: what would be measured if there were no such law; of `=` alone. An interval that
            reaches it as well says nothing.
    """

    relation: Literal["=", ">", "<"]
    value: float
    without: float = nan

    def __post_init__(self) -> None:
        if self.relation not in ("=", ">", "<") or not isfinite(self.value):
            raise ValueError(f"claimed {self.relation} {self.value}: give =, > or <, and a number")
        if isnan(self.without) == (self.relation == "="):
            raise ValueError("without: = needs what is measured without the law, < and > do not")

    def of(self, found: Measured) -> float:
        """What a row is compared with."""
        return self.value if isnan(found.claimed) else found.claimed

    def decide(self, found: Measured) -> int:
        """HOLDS, FAILS or OPEN.

        `=` holds where the interval has what is claimed in it and not what is measured without the
        law, and fails where what is claimed is outside. `>` and `<` hold where the whole interval
        is on that side, and fail where it is on the other.
        """
        claimed, low, high = self.of(found), found.low, found.high
        if not (isfinite(low) and isfinite(high)):
            return OPEN
        if self.relation == "=":
            if not low <= claimed <= high:
                return FAILS
            return OPEN if low <= self.without <= high else HOLDS
        above, below = low > claimed, high < claimed
        if not (above or below):
            return OPEN
        return HOLDS if above == (self.relation == ">") else FAILS


@dataclass(frozen=True)
class Law:
    """One law; why its rule is as it is, its module says.

    Attributes:
        name: in a few words, for a figure.
        claim: one sentence.
        source: the paper, with its arXiv number.
        measured: what is measured, and over what its interval is.
        unit: of the number, in words; `none` if it has none.
        rule: when a row holds, in words.
        claimed: the same in numbers.
        measure: from a study's results the numbers, by case; the case is "" if there is but one.
    """

    name: str
    claim: str
    source: str
    measured: str
    unit: str
    rule: str
    claimed: Claimed
    measure: "Callable[[xr.Dataset], Mapping[str, Measured]]"

    def __post_init__(self) -> None:
        for key in ("claim", "measured", "rule"):
            if not str(getattr(self, key)).strip().endswith("."):
                raise ValueError(f"{key}: {getattr(self, key)!r} is no sentence; say what it is")
        for key in ("name", "unit"):
            if not str(getattr(self, key)).strip():
                raise ValueError(f"{key}: is empty; say what it is")
        if "arXiv:" not in self.source:
            raise ValueError(f"source: {self.source!r} names no paper; give its arXiv number")
