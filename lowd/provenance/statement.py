"""Statements: what one job read, ran and left, as in-toto Statements with SLSA provenance.

Form: in-toto Statement v1 (github.com/in-toto/attestation, spec/v1) around the SLSA provenance v1
predicate (slsa.dev/spec/v1.0/provenance). Of a statement of lowd,

- subjects are the outputs, named by their paths from the repository's root;
- resolved dependencies are, by their annotation `role`: the inputs, each under the name of the
  step's argument; `source`, every file of code the step can run; `code`, the digest of that code
  that ignores comments and layout; `commit`, what git had checked out;
- external parameters are the step and its settings, internal ones the names of its random streams;
- by-products are the lineage id and a description of the machine; the builder's versions are
  those of the libraries.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from lowd.provenance.code import combined
from lowd.provenance.environment import Commit
from lowd.provenance.in_toto import Document, Provenance, Resource, Subject
from lowd.provenance.lineage import lineage_id
from lowd.provenance.restated import restated
from lowd.store.atomic import staged

ROOT = Path("provenance")
DIGEST_OF_CODE = "urn:lowd:code:v2"
SOURCE, CODE, COMMIT = "source", "code", "commit"
"""Roles that no argument of a step has."""


class Statement(Document):
    """One job's statement; the properties say what is where."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(
        default="https://in-toto.io/Statement/v1", alias="_type"
    )
    subject: tuple[Subject, ...] = Field(min_length=1)
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = "https://slsa.dev/provenance/v1"
    predicate: Provenance

    @model_validator(mode="after")
    def _is_whole(self) -> "Statement":
        names = [output.name for output in self.subject]
        if len(set(names)) < len(names):
            raise ValueError(f"subject: {names} names an output twice")
        for resource in (*self.subject, *self.sources, *sum(self.inputs.values(), ())):
            _ = resource.path, resource.digests
        _ = self.stated_code, self.commit, self.lineage
        stated = self._modules()
        if stated is not None and combined(stated.values()) != self.stated_code:
            raise ValueError("its modules do not have the code digest that it states")
        return self

    @property
    def step(self) -> str:
        """Name of the step."""
        return self.predicate.build_definition.external_parameters.step

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the step, as JSON values."""
        return self.predicate.build_definition.external_parameters.settings

    @property
    def streams(self) -> list[str]:
        """Names of the random streams, with `{…}` where each cell or block has its own."""
        return self.predicate.build_definition.internal_parameters.get("randomStreams", [])

    @property
    def inputs(self) -> dict[str, tuple[Resource, ...]]:
        """Inputs by role, in the order the step got them."""
        found: dict[str, tuple[Resource, ...]] = {}
        for resource in self.predicate.build_definition.resolved_dependencies:
            if resource.role not in (SOURCE, CODE, COMMIT):
                found[resource.role] = (*found.get(resource.role, ()), resource)
        return found

    @property
    def sources(self) -> tuple[Resource, ...]:
        """Files of code."""
        return tuple(self._dependencies(SOURCE))

    @property
    def stated_code(self) -> str:
        """The digest of its code as the run wrote it, of whichever kind."""
        return _sha256(self._dependencies(CODE), "code digest")

    @property
    def code(self) -> str:
        """`code_digest` of the step; one of the first kind that nobody has restated stays so.

        Raises:
            ValueError: provenance/restated.jsonl is damaged.
        """
        return combined(self.modules.values()) if self.modules else self.stated_code

    @property
    def modules(self) -> dict[str, str]:
        """The digests of the modules that its code is, by the names that they had.

        Raises:
            ValueError: provenance/restated.jsonl is damaged.
        """
        stated = self._modules()
        return restated(self.stated_code) if stated is None else stated

    def _modules(self) -> dict[str, str] | None:
        """The modules' digests as stated; None if the digest is of the first kind."""
        for resource in self._dependencies(CODE):
            if resource.uri == DIGEST_OF_CODE:
                return dict((resource.annotations or {}).get("modules", {}))
        return None

    @property
    def commit(self) -> Commit | None:
        """The commit it ran from; None if there was no git."""
        for resource in self._dependencies(COMMIT):
            digest, dirty = (resource.digest or {}), (resource.annotations or {})
            if "gitCommit" not in digest or "dirty" not in dirty:
                raise ValueError("no commit where one is said to be")
            return Commit(digest["gitCommit"], bool(dirty["dirty"]))
        return None

    @property
    def lineage(self) -> str:
        """The lineage id, as stated."""
        return _sha256(self._byproducts("lineage"), "lineage id")

    @property
    def environment(self) -> dict[str, Any]:
        """The machine, as `environment` describes it."""
        for resource in self._byproducts("environment"):
            return resource.annotations or {}
        return {}

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries."""
        return self.predicate.run_details.builder.version

    @property
    def started(self) -> datetime:
        """When the step began."""
        return self.predicate.run_details.metadata.started_on

    @property
    def finished(self) -> datetime:
        """When its outputs were there."""
        return self.predicate.run_details.metadata.finished_on

    def derived_lineage(self) -> str:
        """The lineage id that the rest of the statement implies: equal to `lineage`, or edited."""
        inputs = {role: [r.digests for r in files] for role, files in self.inputs.items()}
        return lineage_id(self.step, self.settings, inputs, self.stated_code)

    def _dependencies(self, role: str) -> Iterator[Resource]:
        dependencies = self.predicate.build_definition.resolved_dependencies
        return (resource for resource in dependencies if resource.role == role)

    def _byproducts(self, name: str) -> Iterator[Resource]:
        byproducts = self.predicate.run_details.byproducts
        return (resource for resource in byproducts if resource.name == name)


def _sha256(resources: Iterator[Resource], what: str) -> str:
    for resource in resources:
        if digest := (resource.digest or {}).get("sha256"):
            return digest
    raise ValueError(f"no {what}")


def write_statement(path: Path, statement: Statement) -> None:
    """Write the statement to the JSON file `path`, whole or not at all."""
    content = statement.model_dump(mode="json", by_alias=True, exclude_none=True)
    with staged(path) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n")


def read_statement(path: Path) -> Statement:
    """The statement in `path`.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, or not a statement of lowd.
    """
    try:
        return Statement.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise ValueError(f"{path}: not a statement of lowd: {where}: {first['msg']}") from None


def folders_of(studies: Sequence[str]) -> list[Path]:
    """Where the statements of these studies lie, of all if none is given.

    Raises:
        ValueError: one is no name, but a path.
    """
    for study in studies:
        if Path(study).name != study or study == "..":
            raise ValueError(f"{study!r} is not the name of a study")
    return [ROOT / study for study in studies] or [ROOT]


def read_statements(root: Path = ROOT) -> dict[Path, Statement]:
    """Every statement below `root`, by its path; raises as `read_statement` does."""
    return {path: read_statement(path) for path in statement_paths(root)}


def statement_paths(root: Path = ROOT) -> list[Path]:
    """Where statements stand below `root`; one that is being written does not count."""
    return [path for path in sorted(root.rglob("*.json")) if not path.name.startswith(".")]
