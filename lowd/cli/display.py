"""How a run shows: a line for each job that ends, and what is running with how far it is.

Snakemake hands every event to a log handler (snakemake-interface-logger-plugins).
"""

import re
from collections.abc import Mapping
from logging import WARNING, LogRecord
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent, logger_plugin_module_prefix
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from lowd.cli.console import printable
from lowd.cli.due import Reasons
from lowd.cli.duration import duration
from lowd.cli.run import progress_file
from lowd.cli.running import RunningJob
from lowd.graph.graph import Graph
from lowd.progress import read_progress

NAME = "lowd"
LAST_LINES = 8
"""Of a failed job's log: its error, which is one line, and what it said before."""
ENDED = re.compile(r"non-zero exit status (\d+)|died with <Signals\.\w+: (\d+)>")
SUBMITTED = "has been submitted with"
"""What an executor says of a job that it hands to a cluster, and under which number."""
REPEATED = ("At least one job did not complete", "Exiting because a job execution failed")
"""What Snakemake says besides of jobs that failed."""


class Display:
    """What a run shows, fed by Snakemake's events; on a terminal its last lines are live.

    Args:
        graph: all jobs there may be, by which an event is told which it is of.
        seconds: what they should take, by their statement; empty if that is not known.
        reasons: why those are due that Snakemake was told to run, by their statement.
        console: where to show it.
        is_dry: whether nothing runs.
    """

    def __init__(
        self,
        graph: Graph,
        seconds: Mapping[Path, float],
        reasons: Reasons,
        console: Console,
        is_dry: bool = False,
    ) -> None:
        self._graph = graph
        self._seconds, self._reasons = seconds, reasons
        self._waiting = {path for path in seconds if path in reasons}
        self._running: dict[int, RunningJob] = {}
        self._statuses: list[tuple[str, int]] = []
        self._done = self._total = 0
        self._console, self._is_dry = console, is_dry
        self._live = Live(
            console=console, refresh_per_second=2, transient=True, get_renderable=self._lines
        )

    def __enter__(self) -> "Display":
        if self._console.is_terminal and not self._is_dry:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        if self._is_dry:
            self._console.print(f"{self._total} jobs to do")

    def show(self, record: LogRecord) -> None:
        """Take in one event of Snakemake's."""
        given = record.__dict__
        match given.get("event"):
            case LogEvent.RUN_INFO:
                self._total = given["stats"]["total"]
            case LogEvent.JOB_INFO if self._is_dry:
                self._announce(given)
            case LogEvent.JOB_INFO:
                self._start(given)
            case LogEvent.JOB_FINISHED:
                self._finish(given["job_id"])
            case LogEvent.JOB_ERROR:
                self._fail(given)
            case LogEvent.GROUP_ERROR:
                for job in given["job_error_info"]:
                    self._fail(job)
            case LogEvent.ERROR if ended := ENDED.search(record.getMessage()):
                status = int(ended[1]) if ended[1] else 128 + int(ended[2])
                self._statuses.append((record.getMessage(), status))
            case LogEvent.ERROR | None if record.levelno >= WARNING or SUBMITTED in str(record.msg):
                self._say(str(record.msg))
            case _:
                pass

    def _say(self, message: str) -> None:
        if not any(repeated in message for repeated in REPEATED):
            self._console.print(Text(printable_lines(message)))

    def _announce(self, given: Mapping[str, Any]) -> None:
        """A line for a job that would run, and why."""
        statement = self._statement(given)
        known = self._reasons.get(statement)
        reason = known.text if known else str(given["reason"]).split("\n")[0]
        self._console.print(
            Text.assemble(printable(_name(given)), (f"  {printable(reason)}", "dim")),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _statement(self, given: Mapping[str, Any]) -> Path:
        job = self._graph.maker(Path(next(iter(given["output"]), "")))
        return job.statement if job else Path("provenance", _name(given))

    def _start(self, given: Mapping[str, Any]) -> None:
        statement = self._statement(given)
        self._waiting.discard(statement)
        job = RunningJob(
            _name(given),
            given["shellcmd"] or "",
            progress_file(statement),
            self._seconds.get(statement, 0.0),
        )
        job.progress.unlink(missing_ok=True)  # left by one that was killed
        self._running[given["jobid"]] = job

    def _finish(self, jobid: int) -> None:
        self._done += 1
        if job := self._running.pop(jobid, None):
            job.progress.unlink(missing_ok=True)
            line = Text.assemble(("done ", "green"), printable(job.name))
            self._console.print(line.append(f"  {duration(job.elapsed)}", style="dim"))

    def _fail(self, given: Mapping[str, Any]) -> None:
        if not (job := self._running.pop(given["jobid"], None)):
            return
        job.progress.unlink(missing_ok=True)
        status = next((code for said, code in self._statuses if job.command in said), 0)
        line = Text.assemble(("failed ", "bold red"), printable(job.name))
        line.append(f"  after {duration(job.elapsed)}{_killed(status)}")
        self._console.print(line)
        if given["rule_msg"]:  # what a cluster says of it
            self._console.print(Text(f"  {printable(given['rule_msg'])}"))
        for log in map(Path, given["log"]):
            self._console.print(Text(f"  {log} ends:", style="dim"))
            for said in _last_lines(log):
                self._console.print(Text(f"    {printable(said)}"))

    def _lines(self) -> Group:
        """What is running, and what remains of all."""
        table = Table(
            Column(no_wrap=True, overflow="ellipsis", max_width=32),
            Column(width=14),
            Column(no_wrap=True, overflow="ellipsis"),
            box=None,
            show_header=False,
            pad_edge=False,
        )
        left = sum(self._seconds[path] for path in self._waiting)
        for job in list(self._running.values()):
            told = read_progress(job.progress)
            left += job.remaining(told) or 0
            table.add_row(printable(job.name), job.bar(told), job.pace(told))
        summary = f"{self._done} of {self._total} jobs done" if self._total else "planning"
        if self._seconds and self._running:
            summary += f", about {duration(left / len(self._running))} left"
        return Group(table, Text(summary, style="bold"))


def _name(given: Mapping[str, Any]) -> str:
    """What to call a job: its study, or `across`, and what its log is called."""
    log = Path(next(iter(given["log"]), f"logs/workflow/{given['rule_name']}.log"))
    return f"{log.parent.name}/{log.stem}"


def _killed(status: int) -> str:
    """What a shell's exit status says of the signal that ended a job."""
    if status <= 128:
        return ""
    return f": killed by signal {status - 128}{': out of memory?' * (status == 128 + 9)}"


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text(errors="replace").rstrip().splitlines()[-LAST_LINES:] or ["(nothing)"]
    except OSError as error:
        return [f"(can't be read: {error.strerror})"]


def printable_lines(text: str) -> str:
    """The text without what a terminal would take for a command, but with its lines."""
    return "\n".join(map(printable, text.strip().splitlines()))


def register(display: Display) -> None:
    """Have Snakemake hand its events to the display, as those of its logger plugin NAME."""

    class LogHandler(LogHandlerBase):
        """Whose class Snakemake asks for."""

        writes_to_stream = has_filter = has_formatter = True
        writes_to_file = needs_rulegraph = False

        def emit(self, record: LogRecord) -> None:
            display.show(record)

    plugin = ModuleType(f"{logger_plugin_module_prefix}{NAME}")
    plugin.LogHandler = LogHandler  # type: ignore[attr-defined]
    LoggerPluginRegistry().register_plugin(plugin.__name__, plugin)
