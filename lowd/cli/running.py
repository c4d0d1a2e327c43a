"""A job that runs: how far it is, and how long it should still take."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress_bar import ProgressBar

from lowd.cli.duration import duration
from lowd.progress import Progress


@dataclass
class RunningJob:
    """One job.

    Attributes:
        name: its study, or `across`, and what its log is called.
        command: what the shell runs.
        progress: where it tells how far it is.
        foreseen: seconds that it should take, 0 if unknown.
        started: when it did, on the monotonic clock.
    """

    name: str
    command: str
    progress: Path
    foreseen: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since it started."""
        return time.monotonic() - self.started

    def remaining(self, told: Progress | None) -> float | None:
        """Seconds to its end: by its own pace once it has one, until then as foreseen."""
        if told is not None and 0 < told.done < told.total and self.elapsed > 2:
            return self.elapsed * (told.total - told.done) / told.done
        return max(0.0, self.foreseen - self.elapsed) if self.foreseen else None

    def bar(self, told: Progress | None) -> ProgressBar | str:
        """How far it is: by what it tells, or else by what was foreseen."""
        if told is not None:
            return ProgressBar(told.total, told.done)
        if self.foreseen:
            return ProgressBar(self.foreseen, min(self.elapsed, self.foreseen))
        return ""

    def pace(self, told: Progress | None) -> str:
        """The same in words, and the time that is left."""
        remaining = self.remaining(told)
        parts = [f"{told.done:,} of {told.total:,} {told.unit}"] if told is not None else []
        if remaining is None:
            parts.append(f"{duration(self.elapsed)} so far")
        else:
            parts.append(f"{duration(remaining)} left")
        return ", ".join(parts)
