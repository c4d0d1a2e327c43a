"""Laws and results brought together: rows, and a verdict for each law."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from lowd.kinds.laws.declaration import HOLDS, OPEN, Law, Measured
from lowd.kinds.laws.find import find

REPRODUCED, NOT, DEPENDS, UNDECIDED = "reproduced", "not reproduced", "depends", "undecided"


class Row(NamedTuple):
    """What one study says of one law; a case of it, if it says several things."""

    law: str
    study: str
    case: str
    found: Measured
    claimed: float
    holds: int


def weighed(laws: Mapping[str, Sequence[str]], results: Mapping[str, xr.Dataset]) -> list[Row]:
    """All rows, law by law.

    Args:
        laws: the studies that each is measured of.
        results: of these studies.

    Raises:
        ValueError: a study's results have not what a law is measured of.
    """
    return [
        row
        for name, studies in laws.items()
        for study in studies
        for row in rows_of(name, study, results[study])
    ]


def rows_of(name: str, study: str, results: xr.Dataset) -> list[Row]:
    """What a study says of a law; raises as `weighed` does."""
    law = find(name)
    try:
        found = law.measure(results)
    except (KeyError, AttributeError) as error:
        reason = str(error).strip("'\"").partition(". ")[0]
        raise ValueError(
            f"laws.{name}: results of {study} are not such as it is measured of ({reason}); name "
            "a study of another kind, or make them again"
        ) from error
    return [_row(name, law, study, case, one) for case, one in found.items()]


def _row(name: str, law: Law, study: str, case: str, found: Measured) -> Row:
    return Row(name, study, case, found, law.claimed.of(found), law.claimed.decide(found))


def verdict(rows: Iterable[Row]) -> str:
    """Of one law: reproduced if all rows that tell hold, not if none does, else it depends."""
    told = {row.holds for row in rows} - {OPEN}
    if not told:
        return UNDECIDED
    if len(told) > 1:
        return DEPENDS
    return REPRODUCED if HOLDS in told else NOT


def tabulated(laws: Mapping[str, Sequence[str]], rows: Sequence[Row]) -> xr.Dataset:
    """Rows and verdicts as one dataset.

    Over `row`, of which `row_law`, `study` and `case` say what it is: `value`, the ends `low` and
    `high` of its interval, NaN if it has none, `claimed`, and `holds`: 1, 0, or −1 where it does
    not tell. Over `law`: `verdict`, the `relation` that is claimed, and its name in a few words.
    """
    declared = [find(name) for name in laws]
    numbers = {
        name: [getattr(row.found, name) for row in rows] for name in ("value", "low", "high")
    }
    return xr.Dataset(
        {
            **{name: ("row", np.array(values, float)) for name, values in numbers.items()},
            "claimed": ("row", np.array([row.claimed for row in rows], float)),
            "holds": ("row", np.array([row.holds for row in rows], np.int8)),
        },
        {
            "row_law": ("row", [row.law for row in rows]),
            "study": ("row", [row.study for row in rows]),
            "case": ("row", [row.case for row in rows]),
            "law": list(laws),
            "name": ("law", [law.name for law in declared]),
            "relation": ("law", [law.claimed.relation for law in declared]),
            "verdict": ("law", [verdict(r for r in rows if r.law == name) for name in laws]),
        },
    )
