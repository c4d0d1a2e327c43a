"""`lowd make`: have Snakemake make targets, from what is due by content."""

import fcntl
import os
import signal
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from lowd.cli.failures import told_in_one_line
from lowd.cli.named import targets_of
from lowd.shipped import shipped

if TYPE_CHECKING:
    from lowd.cli.due import Reasons
    from lowd.graph.graph import Graph

LOCK = Path(".run.lock")
TOLD = "LOWD_TOLD"
"""The variable that is set where who starts this says what there was to do."""
BUSY = 75
"""Exit status where another run holds the folder; BSD's EX_TEMPFAIL."""
PATIENCE = 2.0
"""Seconds that jobs have to end after Ctrl-C, before they are told again."""
RUNS_NOTHING = (
    *("touch", "unlock", "lint", "report", "dag", "rulegraph", "filegraph", "d3dag", "archive"),
    *("list_rules", "list_target_rules", "summary", "detailed_summary", "cleanup_metadata"),
    *("delete_all_output", "delete_temp_output", "containerize"),
)
"""Options with which Snakemake makes nothing."""


def make(arguments: typer.Context) -> None:
    """Make targets: files that params.yaml declares, or names in it; all if none is given.

    What follows is Snakemake's, options too: -n shows what is due, and makes nothing. A run that
    was killed goes on where it was.
    """
    with told_in_one_line("make"):
        parser, asked = _parsed([*_profiles(), *arguments.args])
        # Snakemake's lock would outlive a kill; ours is taken instead. What a kill left half done
        # has no statement, and is due; what Snakemake did not note as done may be done.
        asked.nolock = asked.ignore_incomplete = True
        # A dry run changes nothing, and may be asked for while another runs.
        with nullcontext() if asked.dryrun else alone():
            if any(getattr(asked, option, None) for option in RUNS_NOTHING):
                _snakemake(parser, asked)
            _run(parser, asked)


def _run(parser: ArgumentParser, asked: Namespace) -> NoReturn:
    from snakemake.settings.enums import RerunTrigger

    from lowd.cli.again import consent, foresee
    from lowd.cli.console import wide_console
    from lowd.cli.display import NAME, Display, register
    from lowd.cli.due import due
    from lowd.cli.estimates import estimate
    from lowd.cli.kept import keeping
    from lowd.cost.calibration import ALLOCATOR
    from lowd.table import read_graph

    asked.targets = _files(asked.targets)
    graph = _graph(asked.targets)
    reasons = due(graph)
    stale = [job.outputs[0].as_posix() for job in graph.jobs if job.statement in reasons]
    if not (stale or asked.force or asked.forceall or asked.forcerun):
        if TOLD not in os.environ:
            typer.echo("Nothing to be done: what was asked for is made.", err=True)
        raise typer.Exit
    if stale and not asked.dryrun:
        ahead = foresee(graph, reasons)
        typer.echo(str(ahead), err=True)
        consent(ahead)
        _check_stacks(graph, reasons, asked)
    asked.forcerun = [*asked.forcerun, *stale]
    # What is due is known; from there on Snakemake goes by what is newer than what.
    asked.rerun_triggers = [RerunTrigger.MTIME]
    console = wide_console(stderr=True)
    if asked.dryrun and not console.is_terminal:  # what reads it knows Snakemake's words
        _snakemake(parser, asked)
    os.environ.update(ALLOCATOR)
    asked.logger = [NAME]
    seconds = {} if asked.dryrun else estimate(graph, reasons)
    kept = nullcontext() if asked.dryrun else keeping(graph, read_graph(), reasons)
    with (
        kept,
        Display(graph, seconds, reasons, console, asked.dryrun) as display,
        _stopped_by_ctrl_c(),
    ):
        register(display)
        _snakemake(parser, asked)


def _check_stacks(graph: "Graph", reasons: "Reasons", asked: Namespace) -> None:
    """Refuse stacks that are too large for this machine, unless others are to train them."""
    from lowd.cli.fits import CHECKED, check_stacks
    from lowd.cli.growth import new_shares

    if asked.executor not in (None, "local"):
        return
    running = graph.followers(job for job in graph.jobs if job.statement in reasons)
    check_stacks(graph, running, new_shares(graph, reasons))
    os.environ[CHECKED] = "1"


def _files(targets: Sequence[str]) -> list[str]:
    """The targets; in place of a name in params.yaml what there is to make of it."""
    from lowd.settings import load_params

    params = load_params(Path("params.yaml"))
    return [file for target in targets for file in targets_of(params, target) or [target]]


def _graph(targets: Sequence[str]) -> "Graph":
    """What leads to the targets; all there is if none is given, or one is a rule."""
    from lowd.table import read_graph

    graph = read_graph()
    files = [Path(target) for target in targets if graph.maker(Path(target)) is not None]
    return graph.leading_to(files) if files and len(files) == len(targets) else graph


def _profiles() -> list[str]:
    """The options that name profiles: the default one, and LOWD_PROFILE's.

    That is one of workflow/profiles/ in this folder or in lowd, or any that Snakemake finds.
    """
    profiles = Path("workflow/profiles"), shipped("workflow/profiles")
    found = ["--workflow-profile", str(profiles[1] / "default")]
    if name := os.environ.get("LOWD_PROFILE"):
        places = (folder / name for folder in profiles)
        found += ["--profile", str(next((place for place in places if place.is_dir()), name))]
    return found


def _parsed(arguments: Sequence[str]) -> tuple[ArgumentParser, Namespace]:
    """Snakemake's options; which profile they are from, it need not say."""
    from snakemake.cli import parse_args

    said = StringIO()
    try:
        with redirect_stderr(said):
            return parse_args(list(arguments))
    except SystemExit:
        typer.echo(said.getvalue(), err=True, nl=False)
        raise


def _snakemake(parser: ArgumentParser, asked: Namespace) -> NoReturn:
    from snakemake.cli import args_to_api

    try:
        succeeded = args_to_api(asked, parser)
    except Exception as error:  # as of what it can't parse, where it fails to say so
        raise ValueError(
            f"Snakemake fails ({type(error).__name__}: {error}); mend Snakefile and workflow/, or "
            "take them back from git"
        ) from None
    if not succeeded:
        typer.echo("lowd make: mend that, and the same command goes on where it was", err=True)
    sys.exit(0 if succeeded else 1)


@contextmanager
def _stopped_by_ctrl_c() -> Iterator[None]:
    """Ctrl-C ends every job, one that did not hear it too: Snakemake would wait for it for ever."""

    def stop(*_: object) -> None:
        threading.Thread(target=_end_children, daemon=True).start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_children() -> None:
    import psutil

    for end in (signal.SIGTERM, signal.SIGKILL):  # at the first, trainings save their state
        time.sleep(PATIENCE)
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.send_signal(end)


@contextmanager
def alone() -> Iterator[None]:
    """Hold the folder's lock, which dies with its holder."""
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo(
                "another run is active in this folder: wait for it to end, or stop it", err=True
            )
            raise typer.Exit(BUSY) from None
        yield
