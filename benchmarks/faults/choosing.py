"""What to change for a cell, so that one job gets other settings, inputs or code."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from interrupted import FAULTS
from kinds import KINDS, LARGE, LARGE_KIND
from outcomes import CHANGES, DISK, Cell
from workplace import Job, Jobs

TWO_JOBS = {"generate-teacher": "generate_teacher", "generate-empirical": "generate_empirical"}
"""Rules, by their statements, that share a step with another."""


class Edit(NamedTuple):
    """A key of params.yaml with another value, in JSON, or a module with another line."""

    kind: str
    key: str
    value: str = ""


def _source(step: str) -> str:
    """The module of a step, from the repository's root."""
    from lowd.table import STEPS

    return f"{STEPS[step].run.__module__.replace('.', '/')}.py"


def statement_of(cell: Cell, jobs: Jobs) -> str:
    """Of the first job of the rule."""
    return next(
        name for name in _own_jobs(cell.kind, jobs) if _rule_of(name, jobs[name]) == cell.rule
    )


def _own_jobs(kind: str, jobs: Jobs) -> list[str]:
    """Jobs of the study or finding itself."""
    return [name for name in jobs if Path(name).parent.name == KINDS[kind].folder]


def _rule_of(name: str, job: Job) -> str:
    return TWO_JOBS.get(Path(name).stem, job.made[0])


def _makers(name: str, jobs: Jobs) -> list[str]:
    """Jobs that left what this one reads; a manifest reads nothing, but comes last."""
    if jobs[name].made[0] == "manifest":
        return [
            other for other in jobs if Path(other).parent == Path(name).parent and other != name
        ]
    return [other for other, job in jobs.items() if job.outputs.keys() & jobs[name].inputs.keys()]


def with_followers(due: Iterable[str], jobs: Jobs) -> set[str]:
    """Jobs due, and what depends on them."""
    found = set(due)
    while more := {name for name in jobs if found & {*_makers(name, jobs)}} - found:
        found |= more
    return found


def _edits(cell: Cell, jobs: Jobs) -> Iterator[Edit]:
    """What may be changed for a cell, best first."""
    changes = KINDS[cell.kind].changes
    name = statement_of(cell, jobs)
    if cell.change == "code":
        yield Edit(cell.kind, _source(jobs[name].made[0]))
    elif cell.fault == DISK:
        yield _setting(cell.kind, *LARGE[cell.rule])
    elif cell.change == "settings":
        if cell.rule in changes:
            yield _setting(cell.kind, *changes[cell.rule])
    else:
        # From the job before it on to what is further away.
        names = [name]
        for one in names:
            for maker in _makers(one, jobs):
                if maker not in names:
                    names.append(maker)
                    if (rule := _rule_of(maker, jobs[maker])) in changes:
                        yield _setting(cell.kind, *changes[rule])


def _setting(kind: str, key: str, value: Any) -> Edit:
    return Edit(kind, key, json.dumps(value))


def _is_of(cell: Cell, before: Jobs, after: Jobs) -> bool:
    """Whether that is the change asked for, to the job and to nothing else of it."""
    name = statement_of(cell, before)
    old, new = before[name], after[name]
    match cell.change:
        case "settings":
            return old.made[1] != new.made[1]
        case "code":
            return old.made[2] != new.made[2]
    return old.made == new.made and (old.inputs != new.inputs or cell.rule == "manifest")


def cells_of(kind: str, jobs: Jobs) -> Iterator[Cell]:
    """Every change to the first job of each rule, with every fault."""
    rules = dict.fromkeys(_rule_of(name, jobs[name]) for name in _own_jobs(kind, jobs))
    for rule in rules:
        for change in CHANGES:
            for fault in FAULTS:
                yield Cell(kind, rule, change, fault)
        if rule in LARGE and kind == LARGE_KIND:
            yield Cell(kind, rule, "settings", DISK)


def choose(
    refer: Callable[[list[Edit]], list[Jobs]],
    cells: Sequence[Cell],
    finished: Mapping[str, Jobs],
    references: dict[Edit, Jobs],
) -> dict[Cell, Edit]:
    """The first edit of each cell that changes what it should.

    Args:
        refer: what clean runs leave after edits.
        cells: all that are asked for.
        finished: what was stated before, by kind.
        references: by edit; what is missing is added.
    """
    left = {cell: list(_edits(cell, finished[cell.kind])) for cell in cells}
    chosen: dict[Cell, Edit] = {}
    while left := {cell: each for cell, each in left.items() if each}:
        new = list(dict.fromkeys(each[0] for each in left.values() if each[0] not in references))
        references.update(zip(new, refer(new), strict=True))
        for cell, each in list(left.items()):
            edit = each.pop(0)
            if _is_of(cell, finished[cell.kind], references[edit]):
                chosen[cell] = edit
                del left[cell]
    return {cell: chosen[cell] for cell in cells if cell in chosen}
