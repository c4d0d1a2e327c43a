"""Jobs and what feeds them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lowd.base import Settings

Wanted = TypeVar("Wanted", bound=Settings)


@dataclass(frozen=True)
class Job:
    """One job of the workflow.

    Attributes:
        rule: Snakemake's name for it.
        step: the command it runs.
        settings: of the step.
        inputs: what it reads, by the names of the step's arguments.
        outputs: what it makes.
        statement: where it says so.
    """

    rule: str
    step: str
    settings: Settings
    inputs: Mapping[str, tuple[Path, ...]]
    outputs: tuple[Path, ...]
    statement: Path


class Graph:
    """Jobs, by what they make."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = tuple(jobs)
        self._makers = {path: job for job in self.jobs for path in job.outputs}

    def makers(self, job: Job) -> list[Job]:
        """The jobs whose outputs this one reads, each once."""
        paths = (path for paths in job.inputs.values() for path in paths)
        found = {id(one): one for path in paths if (one := self._makers.get(path)) is not None}
        return [one for one in found.values() if one is not job]

    def followers(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs given and all that read, through others too, what they make."""
        found = {id(job) for job in jobs}
        while new := {
            id(job)
            for job in self.jobs
            if id(job) not in found and any(id(one) in found for one in self.makers(job))
        }:
            found |= new
        return [job for job in self.jobs if id(job) in found]

    def nearest(self, job: Job, kind: type[Wanted]) -> Wanted:
        """Settings of that kind of the closest job that leads to this one.

        Raises:
            LookupError: none does.
        """
        for one in self._upstream(job):
            if isinstance(one.settings, kind):
                return one.settings
        raise LookupError(f"no {kind.__name__} leads to {job.step}")

    def _upstream(self, job: Job) -> Iterator[Job]:
        """Every job that leads to this one, the closest first."""
        level, seen = self.makers(job), {id(job)}
        while level:
            new = [one for one in level if id(one) not in seen]
            seen |= {id(one) for one in new}
            yield from new
            level = [maker for one in new for maker in self.makers(one)]
