"""A job of the workflow, and the rule that it follows."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lowd.base import Settings
from lowd.graph.own import network_files, teacher_files
from lowd.graph.step import Step
from lowd.models.admission import networks_in
from lowd.models.settings import ModelSettings
from lowd.provenance.code import code_digest
from lowd.provenance.digests import digest
from lowd.sources.settings import TeacherSettings
from lowd.training.settings import ObjectiveSettings

ACROSS = "across"
"""What the jobs that compare studies belong to, as if it were a study."""


@dataclass(frozen=True)
class Rule:
    """Jobs that differ in names and settings alone; in braces stand the names, `wildcards`.

    Attributes:
        name: Snakemake's name for it.
        step: what a job runs.
        outputs: what a job makes.
        place: where a job leaves statement and log, in provenance/ and logs/; the study's folder
            and the rule's name, if not given.
        scratch: where a job keeps what a later run of the same code, a digest, goes on from.
    """

    name: str
    step: Step
    outputs: tuple[str, ...]
    place: str = ""
    scratch: str = ""

    @property
    def statement(self) -> str:
        """Where a job states what it read, ran and made."""
        return f"provenance/{self._place}.json"

    @property
    def log(self) -> str:
        """Where a job's messages go."""
        return f"logs/{self._place}.log"

    @property
    def benchmark(self) -> str:
        """Where Snakemake leaves time and memory."""
        return f"logs/{self._place}.tsv"

    @property
    def _place(self) -> str:
        return self.place or "{study}/" + self.name.replace("_", "-")

    @staticmethod
    def is_folder(path: str) -> bool:
        """Whether one of its outputs is a folder: a store, or one of several files."""
        return Path(path).suffix in ("", ".zarr")

    def path(self, **wildcards: str) -> Path:
        """What the job of these names makes, or the first of it."""
        return Path(self.outputs[0].format_map(wildcards))

    def job(
        self,
        settings: Settings,
        inputs: Mapping[str, Path | Iterable[Path]],
        *,
        teachers: Iterable[TeacherSettings] = (),
        networks: Iterable[ModelSettings] = (),
        objectives: Iterable[ObjectiveSettings] = (),
        waits_for: Iterable[Path] = (),
        **wildcards: str,
    ) -> "Job":
        """The job of these names; arguments as the attributes of `Job`."""
        listed = {
            role: (paths,) if isinstance(paths, Path) else tuple(paths)
            for role, paths in inputs.items()
        }
        loaded = tuple(teachers), tuple(networks), tuple(objectives)
        return Job(self, settings, listed, wildcards, *loaded, tuple(waits_for))


@dataclass(frozen=True)
class Job:
    """One run of a step.

    Attributes:
        rule: the rule that it follows.
        settings: what the step gets.
        inputs: what the step reads, by the names of the command's options, in order.
        wildcards: the names that set the job apart from others of its rule.
        teachers: settings of the teachers that it loads.
        networks: settings of the students that it loads.
        objectives: what those were trained for, if not for EDM's.
        waits_for: what else has to be there before it starts.
    """

    rule: Rule
    settings: Settings
    inputs: Mapping[str, tuple[Path, ...]]
    wildcards: Mapping[str, str] = field(default_factory=dict)
    teachers: tuple[TeacherSettings, ...] = ()
    networks: tuple[ModelSettings, ...] = ()
    objectives: tuple[ObjectiveSettings, ...] = ()
    waits_for: tuple[Path, ...] = ()

    @property
    def step(self) -> Step:
        """What it runs."""
        return self.rule.step

    @property
    def study(self) -> str:
        """The study that it belongs to."""
        return self.wildcards.get("study", ACROSS)

    @cached_property
    def outputs(self) -> tuple[Path, ...]:
        """Files and folders that it makes."""
        return tuple(Path(path.format_map(self.wildcards)) for path in self.rule.outputs)

    @property
    def statement(self) -> Path:
        """Where it states what it read, ran and made."""
        return Path(self.rule.statement.format_map(self.wildcards))

    @property
    def log(self) -> Path:
        """Where its messages go."""
        return Path(self.rule.log.format_map(self.wildcards))

    @property
    def scratch(self) -> Path | None:
        """Where it keeps what a later run of the same code goes on from, if it does."""
        if not self.rule.scratch:
            return None
        # What a network of the user's own has come to is of no use to another.
        own = (digest(path).sha256[:16] for path in network_files(networks_in(self.settings)))
        code = "-".join((self.code, *own))
        return Path(self.rule.scratch.format_map({**self.wildcards, "code": code}))

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that it runs, those found by name included."""
        kinds = sorted({teacher.kind for teacher in self.teachers})
        networks = (*networks_in(self.teachers), *self.networks)
        return self.step.modules(self.settings, kinds, networks, self.objectives)

    @cached_property
    def code(self) -> str:
        """Digest of the code that it runs, short enough to read in a log."""
        return code_digest(self.modules)[:16]

    @property
    def command(self) -> str:
        """What a shell runs."""
        words = ["lowd", "step", self.step.name, "--settings", self.settings.model_dump_json()]
        scratch = () if self.scratch is None else (self.scratch,)
        private = {"output": self.outputs, "scratch": scratch, "statement": (self.statement,)}
        for name, paths in (*self.inputs.items(), *private.items()):
            for path in paths:
                words += [f"--{name}", str(path)]
        return shlex.join(words)

    @cached_property
    def made_from(self) -> list[Path]:
        """The outputs of other jobs that it needs, each once."""
        paths = (path for paths in self.inputs.values() for path in paths)
        return list(dict.fromkeys((*paths, *self.waits_for)))

    @property
    def needs(self) -> list[Path]:
        """All files and folders that it needs but modules, whose time stamps say nothing."""
        own = self.step.own_files(self.settings)
        files = [path for role, paths in own.items() if role != "custom" for path in paths]
        return [*self.made_from, *files]

    @property
    def content(self) -> str:
        """Digest of the user's own files that it reads or runs.

        Raises:
            ValueError: a module is not there.
            OSError: a file is not.
        """
        own = [self.step.own_files(self.settings), *map(teacher_files, self.teachers)]
        files = [path for by_role in own for paths in by_role.values() for path in paths]
        files += network_files(self.networks)
        return "".join(digest(path).sha256[:16] for path in dict.fromkeys(files))
