"""The jobs that make what is asked for, as params.yaml and the code have them now."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from lowd.base import Settings
from lowd.cli.run import COMPUTED, listed, take_down
from lowd.graph.job import Job
from lowd.table import read_graph

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding
    from lowd.provenance.statement import Statement


@dataclass(frozen=True)
class Planned:
    """A job as the workflow would run it now.

    Attributes:
        rule: the workflow's name for such jobs.
        step: the function.
        settings: what it gets.
        paths: its paths, by the names of its arguments.
        statement: where it leaves its statement.
    """

    rule: str
    step: Callable[..., None]
    settings: Settings
    paths: Mapping[str, Any]
    statement: Path

    @property
    def outputs(self) -> list[Path]:
        """The files and folders it makes."""
        return listed(self.paths["output"])


@dataclass(frozen=True)
class Held:
    """A planned job against its statement.

    Attributes:
        planned: the job.
        stated: its statement.
        now: what it would state, were its outputs as they are.
    """

    planned: Planned
    stated: "Statement"
    now: "Statement"

    @property
    def moved(self) -> list[str]:
        """Files of code that have changed since."""
        from lowd.provenance.conformity import moved

        return moved(self.now, self.stated)


def planned(targets: Sequence[str]) -> list[Planned]:
    """Every job that leads to the targets, whether or not it is due.

    Args:
        targets: files.

    Raises:
        ValueError: nothing makes a target, or params.yaml is refused.
        OSError: there is no params.yaml here.
    """
    return [_planned(job) for job in read_graph().leading_to(map(Path, targets)).jobs]


def workflow(*arguments: str) -> str:
    """What the workflow prints; raises ValueError with it if it fails."""
    done = run_tool("lowd", "make", *arguments)
    if done.returncode:
        raise ValueError(f"lowd make: {(done.stderr or done.stdout).strip()}")
    return done.stdout + done.stderr


def run_tool(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that finds DVC, Snakemake and lowd where this Python has them."""
    return subprocess.run(command, capture_output=True, text=True, env=beside_python())


def beside_python() -> dict[str, str]:
    """The environment, in which commands that this Python has beside it go before others."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path}


def hold(jobs: Iterable[Planned]) -> "tuple[list[Finding], list[Held]]":
    """What but code sets the jobs apart from their statements; and each beside its own."""
    from lowd.provenance.coherence import Finding
    from lowd.provenance.conformity import changes, staleness
    from lowd.provenance.record import finish
    from lowd.provenance.snapshot import Snapshot
    from lowd.provenance.statement import read_statement

    jobs = list(jobs)
    missing = [path for job in jobs for path in (job.statement, *job.outputs) if not path.exists()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        reason = f"missing{more}: neither git nor DVC brought it; run the study"
        return [Finding(missing[0].as_posix(), reason)], []
    held = []
    findings = []
    snapshot = Snapshot()
    for job in jobs:
        stated = read_statement(job.statement)
        taken = take_down(job.step, job.settings, dict(job.paths), job.outputs, snapshot)
        held.append(Held(job, stated, finish(taken, snapshot=snapshot)))
        if stated.derived_lineage() != stated.lineage:
            findings.append(Finding(job.statement.as_posix(), "edited after it was written"))
        findings += changes(held[-1].now, job.statement, stated)
    accused = {finding.file for finding in findings}
    for one in held:
        findings += staleness(one.now, one.stated, accused)
    return findings, held


def _planned(job: Job) -> Planned:
    return Planned(job.rule.name, job.step.run, job.settings, _paths(job), job.statement)


def _paths(job: Job) -> dict[str, Path | list[Path] | None]:
    """What the step's command would get, given no more than the job's paths."""
    given = {**job.inputs, "output": job.outputs}
    if job.scratch is not None:
        given["scratch"] = (job.scratch,)
    hints = get_type_hints(job.step.run)
    paths: dict[str, Path | list[Path] | None] = {}
    for name in inspect.signature(job.step.run).parameters:
        if name in ("settings", *COMPUTED):
            continue
        takes_several = list[Path] in (hints[name], *get_args(hints[name]))
        several = list(given.get(name, ()))
        paths[name] = several if takes_several else next(iter(several), None)
    return paths
