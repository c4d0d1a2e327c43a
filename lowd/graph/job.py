"""A job of the workflow, and the rule that it follows."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lowd import jobs
from lowd.base import Settings
from lowd.provenance.code import code_digest
from lowd.provenance.digests import digest
from lowd.sources.settings import TeacherSettings

ACROSS = "across"
"""What the jobs that compare studies belong to, as if it were a study."""


@dataclass(frozen=True)
class Job:
    """One run of a step.

    Attributes:
        rule: the name of its rule.
        step: the command.
        settings: what the command gets.
        inputs: what it reads, by the names of the command's options, in order.
        outputs: files and folders that it makes.
        statement: where it states what it read, ran and made.
        log: where its messages go.
        study: the study that it belongs to; `across` for what compares studies.
        wildcards: the names that set it apart from other jobs of its rule.
        teachers: settings of the teachers that it makes or loads.
        waits_for: what else has to be there before it starts.
        kept: where it keeps what a later run goes on from; in `{code}` goes the digest of its code.
    """

    rule: str
    step: str
    settings: Settings
    inputs: Mapping[str, tuple[Path, ...]]
    outputs: tuple[Path, ...]
    statement: Path
    log: Path = Path()
    study: str = ""
    wildcards: Mapping[str, str] = field(default_factory=dict)
    teachers: tuple[TeacherSettings, ...] = ()
    waits_for: tuple[Path, ...] = ()
    kept: str = ""

    @cached_property
    def code(self) -> str:
        """Digest of the code that it runs, short enough to read in a log."""
        kinds = {teacher.kind for teacher in self.teachers}
        return code_digest(jobs.modules(self.settings, *kinds))[:16]

    @property
    def scratch(self) -> Path | None:
        """Where it keeps what a later run of the same code goes on from."""
        return Path(self.kept.format(code=self.code)) if self.kept else None

    @property
    def command(self) -> str:
        """What a shell runs."""
        words = ["lowd", self.step, "--settings", self.settings.model_dump_json()]
        options = {**self.inputs, "output": self.outputs}
        if self.scratch is not None:
            options["scratch"] = (self.scratch,)
        options["statement"] = (self.statement,)
        for name, paths in options.items():
            for path in paths:
                words += [f"--{name}", str(path)]
        return shlex.join(words)

    @property
    def made_from(self) -> list[Path]:
        """The outputs of other jobs that it needs, each once."""
        paths = (path for paths in self.inputs.values() for path in paths)
        return list(dict.fromkeys((*paths, *self.waits_for)))

    @property
    def needs(self) -> list[Path]:
        """All files and folders that it needs but modules, whose time stamps say nothing."""
        own = jobs.own_files(self.settings, {})
        files = [path for role, paths in own.items() if role != "custom" for path in paths]
        return [*self.made_from, *files]

    @property
    def content(self) -> str:
        """Digest of the user's own files that it reads or runs; raises ValueError if one is not."""
        own = jobs.own_files(self.settings, {}).values()
        loaded = (
            paths
            for teacher in self.teachers
            for paths in (jobs.custom_files(teacher), jobs.pretrained_files(teacher))
        )
        files = dict.fromkeys(path for paths in (*own, *loaded) for path in paths)
        return "".join(digest(path).sha256[:16] for path in files)


@dataclass(frozen=True)
class Rule:
    """Jobs that differ in names and settings alone; in braces stand the names, `wildcards`.

    Attributes:
        name: Snakemake's name for it.
        outputs: what a job makes.
        place: where a job leaves statement and log, in provenance/ and logs/; the study's folder
            and the rule's name, if not given.
        step: the command, if it is not called as the rule is.
        scratch: where a job keeps what a later run goes on from.
    """

    name: str
    outputs: tuple[str, ...]
    place: str = ""
    step: str = ""
    scratch: str = ""

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

    def statement(self, **wildcards: str) -> Path:
        """Where the job of these names leaves its statement."""
        return Path(f"provenance/{self._place.format_map(wildcards)}.json")

    def job(
        self,
        settings: Settings,
        inputs: Mapping[str, Path | Iterable[Path]],
        *,
        teachers: Iterable[TeacherSettings] = (),
        waits_for: Iterable[Path] = (),
        **wildcards: str,
    ) -> Job:
        """The job of these names."""
        return Job(
            rule=self.name,
            step=self.step or self.name,
            settings=settings,
            inputs={
                role: (paths,) if isinstance(paths, Path) else tuple(paths)
                for role, paths in inputs.items()
            },
            outputs=tuple(Path(pattern.format_map(wildcards)) for pattern in self.outputs),
            statement=self.statement(**wildcards),
            log=Path(self.log.format_map(wildcards)),
            study=wildcards.get("study", ACROSS),
            wildcards=wildcards,
            teachers=tuple(teachers),
            waits_for=tuple(waits_for),
            kept=self.scratch.format_map({**wildcards, "code": "{code}"}),
        )
