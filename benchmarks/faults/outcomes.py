"""How cells of changes and faults went: a line of each, a report to go on from, and their table."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from interrupted import FAULTS
from kinds import KINDS
from report import written_by

HEADING = "Changes that a fault interrupts"
CHANGES = {
    "settings": "its settings changed",
    "inputs": "what it reads changed",
    "code": "its code changed",
}
SHOWN = 4
"""Reasons, or lines, for each cell; `--report` has all."""
DISK = "disk"
"""The fault that a small file system is, for some jobs of an exact teacher's study."""


class Cell(NamedTuple):
    """What is changed, and what befalls which job."""

    kind: str
    rule: str
    change: str
    fault: str

    def __str__(self) -> str:
        return "/".join(self)


class Outcome(NamedTuple):
    """How a cell went.

    Attributes:
        told: which commands said before the second run that not all is well.
        failed: what the second run said if it failed.
        stale: what it left that a clean run leaves otherwise.
        wrong: what else is not right after it.
        needless: jobs that it ran and that were not due.
        due: jobs that were.
        seconds: of processors, for all of the cell.
    """

    cell: Cell
    told: list[str]
    failed: str
    stale: list[str]
    wrong: list[str]
    needless: list[str]
    due: list[str]
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether all that was due was made, and nothing else."""
        return not (self.failed or self.stale or self.wrong or self.needless)


def reported(report: Path, commit: str) -> Iterator[Outcome]:
    """What the report has of a commit."""
    for line in report.read_text().splitlines() if report.exists() else ():
        told = json.loads(line)
        if told.pop("commit") == commit:
            yield Outcome(**told | {"cell": Cell(*told["cell"])})


def line(outcome: Outcome | str) -> str:
    if isinstance(outcome, str):
        return f"not tried: {outcome}"
    what = f"{outcome.cell}: {outcome.seconds:.0f} s, told by {', '.join(outcome.told) or 'none'}"
    if outcome.failed:
        last = [line for line in outcome.failed.splitlines() if line.strip()][-SHOWN:]
        return "\n    ".join([f"{what}; failed again:", *last])
    for name in ("stale", "wrong", "needless"):
        if found := getattr(outcome, name):
            what += f"\n    {name}: " + "; ".join(found[:SHOWN])
    return what


def holds(outcomes: Sequence[Outcome]) -> bool:
    """Whether every cell was told of, and then made again rightly."""
    return all(one.is_right and one.told for one in outcomes)


def section(outcomes: Sequence[Outcome]) -> str:
    """Of docs/faults.md."""
    rows = []
    for change, changed in CHANGES.items():
        for fault, befell in (FAULTS | {DISK: "a small disk is full"}).items():
            own = [o for o in outcomes if (o.cell.change, o.cell.fault) == (change, fault)]
            if not own:
                continue
            counts = Counter(
                {
                    "told": sum(bool(one.told) for one in own),
                    "right": sum(one.is_right for one in own),
                    "stale": sum(bool(one.stale) for one in own),
                    "failed": sum(bool(one.failed) for one in own),
                }
            )
            numbers = " | ".join(str(counts[name]) for name in ("told", "right", "stale", "failed"))
            rows.append(f"| {changed} | {befell} | {len(own)} | {numbers} |")
    covered: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for outcome in outcomes:
        covered[outcome.cell.kind][outcome.cell.rule] = None
    steps = [f"- {kind}: {', '.join(covered[kind])}" for kind in KINDS if kind in covered]
    return SECTION.format(
        written=written_by(
            "python benchmarks/faults/changes.py",
            f"{sum(one.seconds for one in outcomes) / 60:.0f} minutes of one processor",
        ),
        rows="\n".join(rows),
        steps="\n".join(steps),
    )


SECTION = """\
{written}

Of a finished study something of one job is changed; the command of `make figures` runs, and a fault
befalls that job; the same command runs again. *Told*: before that, `lowd plan` has jobs due, or
`lowd verify` or `lowd audit` fails. *Made again*: afterwards every output, every statement and
dvc.lock are those of a clean run, plan, verify, audit and trace find nothing, and no job ran but
those due and what depends on them. *Stale*: the command ends well, and something is not as a clean
run leaves it. *Failed*: the command fails again.

| of a job | fault | tried | told | made again | stale | failed |
|---|---|---|---|---|---|---|
{rows}

Jobs by kind of study:

{steps}
"""
