"""Jobs, and which of them feed which."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TypeVar

from lowd.base import Settings
from lowd.graph.job import Job, Rule

Wanted = TypeVar("Wanted", bound=Settings)
Value = TypeVar("Value")


class Graph:
    """Jobs, by what they make."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = tuple(jobs)
        self._makers = {path: job for job in self.jobs for path in job.outputs}

    def makers(self, job: Job) -> list[Job]:
        """The jobs that make what this one needs, each once."""
        makers = (self._makers.get(path) for path in job.made_from)
        return list({id(maker): maker for maker in makers if maker is not None}.values())

    def leading_to(self, targets: Iterable[Path]) -> "Graph":
        """The jobs that make the targets, and all that these need.

        Raises:
            ValueError: no job makes a target.
        """
        makers = []
        for target in targets:
            if target not in self._makers:
                raise ValueError(f"{target}: nothing in params.yaml makes it")
            makers.append(self._makers[target])
        needed = {id(job) for job in (*makers, *self._upstream(makers))}
        return Graph(job for job in self.jobs if id(job) in needed)

    def followers(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs given and all that need, through others too, what they make."""
        found = {id(job) for job in jobs}
        for job in self.in_order:
            if any(id(maker) in found for maker in self.makers(job)):
                found.add(id(job))
        return [job for job in self.jobs if id(job) in found]

    @property
    def in_order(self) -> list[Job]:
        """Every job after those that make what it needs."""
        places = {id(job): place for place, job in enumerate(self.jobs)}
        needs = {
            place: [places[id(maker)] for maker in self.makers(job)]
            for place, job in enumerate(self.jobs)
        }
        return [self.jobs[place] for place in TopologicalSorter(needs).static_order()]

    def maker(self, path: Path) -> Job | None:
        """The job that makes a file or folder, if one does."""
        return self._makers.get(path)

    def nearest(self, job: Job, kind: type[Wanted]) -> Wanted:
        """Settings of that kind of the closest job that leads to this one.

        Raises:
            LookupError: none does.
        """
        for one in self._upstream([job]):
            if isinstance(one.settings, kind):
                return one.settings
        raise LookupError(f"no {kind.__name__} leads to {job.step.name}")

    @property
    def ends(self) -> list[Path]:
        """One output of every job that no other job needs."""
        needed = {path for job in self.jobs for path in job.made_from}
        return [job.outputs[0] for job in self.jobs if needed.isdisjoint(job.outputs)]

    @property
    def rules(self) -> list[Rule]:
        """What the jobs follow, in their order."""
        return list(dict.fromkeys(job.rule for job in self.jobs))

    def wildcards(self, rule: Rule) -> dict[str, str]:
        """For each wildcard of a rule a regular expression of the names that its jobs have.

        Where another rule makes files of the same pattern, as if one model of a study is trained
        at once and another in parts, the first wildcard is told by all of the path that follows.
        """
        names: defaultdict[str, dict[str, None]] = defaultdict(dict)
        is_shared = len(rule.outputs) == 1 and any(
            one.outputs == rule.outputs for one in self.rules if one != rule
        )
        for job in self.jobs:
            if job.rule != rule:
                continue
            for place, (wildcard, name) in enumerate(job.wildcards.items()):
                follows = ""
                if is_shared and not place:
                    _, after = rule.outputs[0].split(f"{{{wildcard}}}", 1)
                    follows = f"(?={re.escape(after.format_map(job.wildcards))}$)"
                names[wildcard][re.escape(name) + follows] = None
        return {wildcard: "|".join(each) for wildcard, each in names.items()}

    def of(self, rule: Rule, what: Callable[[Job], Value]) -> Callable[[Mapping[str, str]], Value]:
        """A function from a rule's wildcards, as Snakemake has them, to something of the job."""

        def look_up(wildcards: Mapping[str, str]) -> Value:
            path = rule.path(**dict(wildcards.items()))
            if path not in self._makers:
                raise ValueError(f"{path}: nothing in params.yaml makes it")
            return what(self._makers[path])

        return look_up

    def _upstream(self, jobs: list[Job]) -> Iterator[Job]:
        """Every job that leads to these, the closest first."""
        level = [maker for job in jobs for maker in self.makers(job)]
        seen = {id(job) for job in jobs}
        while level:
            new = list({id(one): one for one in level if id(one) not in seen}.values())
            seen |= {id(one) for one in new}
            yield from new
            level = [maker for one in new for maker in self.makers(one)]
