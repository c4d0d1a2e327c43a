"""All statements of the current folder, and what they say of each other."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from lowd.provenance.cells import cells_of, earlier_jobs
from lowd.provenance.digests import Digests
from lowd.provenance.environment import WRITTEN
from lowd.provenance.history import History, read_history, versions_ever
from lowd.provenance.statement import (
    ROOT,
    Statement,
    read_statement,
    statement_paths,
)

OWN_ROLES = (
    *("originals", "custom", "pretrained", "network"),
    *("trained_elsewhere", "training_set"),
)
"""Inputs that are the user's own, wherever they lie; no statement says what made them."""


@dataclass(frozen=True)
class Repository:
    """What the statements say, whether or not it is true.

    Attributes:
        statements: by their paths.
        damaged: why a file below provenance/ is no statement.
        history: None without git.
    """

    statements: dict[Path, Statement]
    damaged: dict[Path, str]
    history: History | None

    @cached_property
    def declared(self) -> frozenset[Path]:
        """All that the manifests of the studies declare, statements included."""
        manifests = [one.settings for one in self.statements.values() if one.step == "manifest"]
        lists = [settings.get("declared") for settings in manifests]
        return frozenset(
            Path(str(name)) for names in lists if isinstance(names, list) for name in names
        )

    @cached_property
    def claims(self) -> dict[Path, list[Path]]:
        """By output, the statements that say they made it: first the one to go by.

        That is one that a manifest declares, of several the one of the latest run.
        """
        found: defaultdict[Path, list[Path]] = defaultdict(list)
        for path, stated in self.statements.items():
            for output in stated.subject:
                found[output.path].append(path)
        for paths in found.values():
            paths.sort(key=self._standing, reverse=True)
        return dict(found)

    def _standing(self, path: Path) -> tuple[bool, datetime]:
        return path in self.declared, self.statements[path].finished

    def output_around(self, path: Path) -> Path | None:
        """The output that is `path` or has it inside; None if no statement has one."""
        return next((one for one in (path, *path.parents) if one in self.claims), None)

    def stated(self, output: Path) -> Digests:
        """What an output was left as, by the statement to go by."""
        made = self.statements[self.claims[output][0]]
        return next(one.digests for one in made.subject if one.path == output)

    def maker(self, path: Path) -> Path | None:
        """The statement to go by of the job that made `path`, or a folder around it."""
        output = self.output_around(path)
        return None if output is None else self.claims[output][0]

    def makers(self, statement: Path) -> list[Path]:
        """The statements of what a job read, as far as there are any."""
        read = sum(self.statements[statement].inputs.values(), ())
        found = dict.fromkeys(self.maker(resource.path) for resource in read)
        return [path for path in found if path is not None]

    def chain(self, start: Path) -> list[Path]:
        """A statement and all that it rests on, in the order of a tree read from the top."""
        found: dict[Path, None] = {}
        pending = [start]
        while pending:
            if (path := pending.pop()) not in found:
                found[path] = None
                pending += reversed(self.makers(path))
        return list(found)

    @cached_property
    def edited(self) -> frozenset[Path]:
        """Statements that are not as a run left them.

        Their lineage id does not follow from the rest; or some commit has another statement of the
        same run: one run writes one statement, a rerun has its own times and invocation.
        """
        ever = {} if self.history is None else versions_ever(ROOT.as_posix())
        return frozenset(
            path
            for path, stated in self.statements.items()
            if not _follows(stated)
            or any(
                _is_another_of_run(stated, one)
                for one in ever.get(path.as_posix(), ())
                if one != path.read_bytes()  # spares the parsing of what is as it was
            )
        )

    @cached_property
    def readers(self) -> dict[Path, dict[Path, Digests]]:
        """By input, what it was to the jobs that read it; edited statements don't count."""
        found: defaultdict[Path, dict[Path, Digests]] = defaultdict(dict)
        for path, stated in self.statements.items():
            for resource in sum(stated.inputs.values(), ()) if path not in self.edited else ():
                found[resource.path][path] = resource.digests
        return dict(found)

    @cached_property
    def gaps(self) -> frozenset[Path]:
        """Inputs in folders of the workflow that no statement says the making of."""
        return frozenset(
            resource.path
            for stated in self.statements.values()
            for role, read in stated.inputs.items()
            for resource in read
            if role not in OWN_ROLES
            and resource.path.as_posix().split("/")[0] in WRITTEN
            and self.output_around(resource.path) is None
        )


def read_repository() -> Repository:
    """The statements below provenance/ of the current folder.

    Raises:
        ValueError: there are none.
    """
    statements, damaged = {}, {}
    for path in statement_paths():
        try:
            statements[path] = read_statement(path)
        except (ValueError, OSError) as error:
            damaged[path] = str(error).removeprefix(f"{path}: ")
    if not statements and not damaged:
        raise ValueError(
            f"no statements in {ROOT}/ of this folder; go to the root of a repository, which "
            "`lowd init FOLDER` writes, or run a study"
        )
    return Repository(statements, damaged, read_history())


def _follows(stated: Statement) -> bool:
    try:
        earlier = earlier_jobs(stated)
        makers = {job for group in cells_of(stated) for job in group.jobs if job}
        return stated.derived_lineage() == stated.lineage and makers == earlier.keys()
    except ValueError:  # of a statement inside; or NaN among the settings, which no step has
        return False


def _is_another_of_run(stated: Statement, committed: bytes) -> bool:
    run = stated.predicate.run_details.metadata
    if (
        run.invocation_id.encode() not in committed
        and run.started_on.isoformat().encode()[:19] not in committed
    ):
        return False  # spares the parsing of most others
    try:
        before = Statement.model_validate_json(committed)
    except ValueError:
        return False
    earlier = before.predicate.run_details.metadata
    same = run.invocation_id == earlier.invocation_id or run.started_on == earlier.started_on
    return same and stated != before
