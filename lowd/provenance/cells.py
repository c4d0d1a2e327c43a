"""Which job made which cell of an output: by-products of statements.

A job that takes cells over from earlier ones carries these jobs' statements inside its own, since
their outputs, and with them their statements, are replaced.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lowd.provenance.in_toto import Resource
from lowd.provenance.statement import Statement
from lowd.store.cells import Group

CELLS, EARLIER = "cells", "earlier"
"""Names of the by-products: keys and makers of all cells, and the statement of an earlier maker."""


def stated_cells(groups: Sequence[Group], earlier: Mapping[str, Statement]) -> Iterator[Resource]:
    """The by-products that say who made which cell.

    Args:
        groups: all cells of a job's output.
        earlier: statements by lineage id, at least of all makers that `groups` name.
    """
    if not groups:
        return
    makers = sorted({job for group in groups for job in group.jobs if job})
    places = {job: place for place, job in enumerate(makers)} | {"": -1}
    content = [
        {
            "over": list(group.over),
            "keys": list(group.keys),
            "madeBy": [places[job] for job in group.jobs],
        }
        for group in groups
    ]
    stated = {"groups": content, "jobs": makers}
    yield Resource(name=CELLS, digest={"sha256": _digest(stated)}, annotations=stated)
    for job in makers:
        yield Resource(
            name=EARLIER,
            uri=f"urn:lowd:lineage:{job}",
            digest={"sha256": job},
            annotations={"statement": _alone(earlier[job])},
        )


def cells_of(statement: Statement) -> tuple[Group, ...]:
    """All cells of the job's output; raises ValueError if the statement is damaged there."""
    for resource in _byproducts(statement, CELLS):
        content = resource.annotations or {}
        if resource.digest not in (None, {"sha256": _digest(content)}):
            raise ValueError("what it says of its cells was edited")
        try:
            jobs = [*content["jobs"], ""]  # −1 is the last
            return tuple(
                Group(
                    tuple(group["over"]),
                    tuple(group["keys"]),
                    tuple(jobs[place] for place in group["madeBy"]),
                )
                for group in content["groups"]
            )
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"its cells can't be read: {error!r}") from None
    return ()


def earlier_jobs(statement: Statement) -> dict[str, Statement]:
    """By lineage id, the statements of earlier jobs that made some of the cells.

    Raises:
        ValueError: one is damaged, or not of the job that it is said to be of.
    """
    found = {}
    for resource in _byproducts(statement, EARLIER):
        job = (resource.digest or {}).get("sha256", "")
        stated = Statement.model_validate((resource.annotations or {}).get("statement"))
        if not stated.derived_lineage() == stated.lineage == job:
            raise ValueError(f"the statement of the earlier job {job[:12]} was edited")
        found[job] = stated
    return found


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _alone(statement: Statement) -> dict[str, Any]:
    """A statement as JSON, but for what it says of cells."""
    content = statement.model_dump(mode="json", by_alias=True, exclude_none=True)
    details = content["predicate"]["runDetails"]
    details["byproducts"] = [
        each for each in details["byproducts"] if each.get("name") not in (CELLS, EARLIER)
    ]
    return content


def _byproducts(statement: Statement, name: str) -> Iterator[Resource]:
    return (each for each in statement.predicate.run_details.byproducts if each.name == name)
