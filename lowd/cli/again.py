"""What is to be made, and what of it was made before: said first, and asked about if it is much."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import typer

from lowd.cli.due import Reasons
from lowd.cli.duration import duration
from lowd.cli.growth import new_shares
from lowd.cost.actual import took
from lowd.graph.graph import Graph
from lowd.provenance.statement import read_statement

BUDGET = 10.0
"""Minutes of a processor that finished work may have taken to be made again without a question."""
VARIABLE = "BUDGET"
CONSENT = "YES"
CHANGED = {"setting": "a setting", "code": "its code", "input": "an input"}
"""What an edit changes of a job, in words."""


class Lost(NamedTuple):
    """Finished work of one reason that is to be made again.

    Attributes:
        jobs: how many.
        seconds: that they took.
        examples: what has changed, each once, those of most jobs first.
    """

    jobs: int
    seconds: float
    examples: tuple[str, ...]


class Due(NamedTuple):
    """What is to run.

    Attributes:
        fresh: how many jobs leave what is not here.
        grown: how many take over the cells that they have, and make the new ones.
        lost: by reason, those whose outputs are here.
    """

    fresh: int
    grown: int
    lost: dict[str, Lost]

    @property
    def seconds(self) -> float:
        """What the finished work took that is to be made again."""
        return sum((one.seconds for one in self.lost.values()), 0.0)

    def __str__(self) -> str:
        parts = [f"{self.fresh} not made here yet"] if self.fresh else []
        if self.grown:
            parts.append(f"{self.grown} that keep the cells they have")
        parts += [
            f"{one.jobs} again, as {CHANGED[kind]} has changed ({duration(one.seconds)}, last time)"
            for kind, one in self.lost.items()
        ]
        jobs = self.fresh + self.grown + sum(one.jobs for one in self.lost.values())
        return f"{jobs} {'job' if jobs == 1 else 'jobs'} to do: {'; '.join(parts)}"


def foresee(graph: Graph, reasons: Reasons) -> Due:
    """What is to run: what is due, and what reads what that makes, which may come out as it was.

    Args:
        graph: all that leads to what is asked for.
        reasons: by `due`, of that graph.
    """
    running = graph.followers(job for job in graph.jobs if job.statement in reasons)
    seconds = dict.fromkeys(CHANGED, 0.0)
    said: dict[str, Counter[str]] = {kind: Counter() for kind in CHANGED}
    kept = new_shares(graph, reasons)
    fresh = grown = 0
    for job in running:
        reason = reasons.get(job.statement)
        kind = "input" if reason is None else reason.kind
        is_here = job.statement.exists() and all(path.exists() for path in job.outputs)
        if kept.get(job.statement, 1.0) < 1:
            grown += 1
            continue
        if kind not in CHANGED or not is_here:
            fresh += 1
            continue
        seconds[kind] += took(read_statement(job.statement))
        said[kind]["what it reads is made again" if reason is None else reason.text] += 1
    lost = {
        kind: Lost(each.total(), seconds[kind], tuple(text for text, _ in each.most_common()))
        for kind, each in said.items()
        if each
    }
    return Due(fresh, grown, lost)


def consent(due: Due) -> None:
    """Go on only if not much finished work is made again, or if somebody wants that.

    The minutes that are not much are in BUDGET; YES=1 is consent, and so is an answer on a
    terminal.

    Raises:
        ValueError: BUDGET is no number, or there is nobody to ask.
        typer.Abort: the answer was no.
    """
    if due.seconds <= 60 * _budget() or os.environ.get(CONSENT) == "1":
        return
    typer.echo("\n".join(f"  {line}" for line in _because(due)), err=True)
    much = f"{duration(due.seconds)} of finished work would be made again"
    if sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm(f"{much}. Go on?", abort=True, err=True)
        return
    raise ValueError(f"{much}: undo the edit, or say {CONSENT}=1, or {VARIABLE}=MINUTES")


def _because(due: Due) -> Iterator[str]:
    for kind, one in due.lost.items():
        shown = list(one.examples[:3])
        more = [f"and {len(one.examples) - 3} more"] if len(one.examples) > 3 else []
        yield f"{CHANGED[kind]}: {'; '.join(shown + more)}"


def _budget() -> float:
    text = os.environ.get(VARIABLE) or str(BUDGET)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{VARIABLE}: {text!r} is not a number of minutes") from None
