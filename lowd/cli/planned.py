"""The jobs that make what is asked for, as Snakemake plans them from params.yaml and the code."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperGroup

from lowd.base import Settings
from lowd.cli.run import listed, take_down
from lowd.cli.steps import STEPS, read_settings, steps

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding
    from lowd.provenance.statement import Statement

WORKFLOW = "workflow/run"
SHOWN = "Shell command: "
"""What Snakemake puts before a job's command."""
RULE = re.compile(r"(?:local)?rule (\w+):")
"""What it puts before a job."""


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
        ValueError: the workflow can't be planned; Snakemake's last words.
    """
    dry = ("--dry-run", "--forceall", "--printshellcmds")
    found, rule = [], ""
    for line in _dry_run(*dry, *targets).splitlines():
        if begun := RULE.fullmatch(line.strip()):
            rule = begun[1]
        elif line.startswith(SHOWN):
            found.append(_parsed(rule, shlex.split(line.removeprefix(SHOWN))))
    return found


def workflow(*arguments: str) -> str:
    """What the workflow prints; raises ValueError with it if it fails."""
    return _printed(WORKFLOW, *arguments)


def _dry_run(*arguments: str) -> str:
    return _printed("snakemake", "--nolock", "--cores", "1", *arguments)


def _printed(*command: str) -> str:
    done = run_tool(*command)
    if done.returncode:
        raise ValueError(f"{command[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout + done.stderr


def run_tool(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that finds DVC, Snakemake and lowd where this Python has them."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": path})


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
        held.append(Held(job, stated, finish(taken, snapshot)))
        if stated.derived_lineage() != stated.lineage:
            findings.append(Finding(job.statement.as_posix(), "edited after it was written"))
        findings += changes(held[-1].now, job.statement, stated)
    accused = {finding.file for finding in findings}
    for one in held:
        findings += staleness(one.now, one.stated, accused)
    return findings, held


@cache
def _commands() -> Mapping[str, Any]:
    """Every step as a command."""
    return cast(TyperGroup, typer.main.get_command(steps)).commands


def _parsed(rule: str, words: list[str]) -> Planned:
    _, name, *arguments = words[: words.index(">")]
    options = _commands()[name].make_context(name, arguments).params
    step = next(one for one in STEPS if one.__name__ == name)
    settings = read_settings(step, options.pop("settings"))
    statement = Path(options.pop("statement"))
    return Planned(rule, step, settings, {k: _as_paths(v) for k, v in options.items()}, statement)


def _as_paths(value: Any) -> Path | list[Path] | None:
    if isinstance(value, list | tuple):
        return [Path(one) for one in value]
    return None if value is None else Path(value)
