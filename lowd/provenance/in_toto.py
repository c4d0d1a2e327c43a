"""The parts of in-toto Statements and of SLSA's predicate that lowd uses, as pydantic models.

Plain models and not in-toto's protobuf bindings, whose JSON makes every integer a double: a seed
above 2**53 would be recorded as another one.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from lowd.provenance.digests import Digests


def _relative(name: str) -> str:
    if name.startswith("/"):
        raise ValueError(f"{name!r} is absolute; names are relative to the repository's root")
    return name


def inside(name: str) -> str:
    """The name of an output, which must lie in the repository; raises ValueError otherwise."""
    if not name or ".." in PurePosixPath(name).parts:
        raise ValueError(f"{name!r} lies outside the folder lowd runs in, the repository's root")
    return name


class Document(BaseModel):
    """in-toto asks readers to put up with fields they don't know; these are kept."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="allow"
    )


class Resource(Document):
    """in-toto's ResourceDescriptor, as far as lowd uses it."""

    name: Annotated[str, AfterValidator(_relative)] | None = None
    uri: str | None = None
    digest: dict[str, str] | None = None
    annotations: dict[str, Any] | None = None

    @property
    def path(self) -> Path:
        """Where the file or folder lies, from the repository's root."""
        if self.name is None:
            raise ValueError(f"{self.uri} is no file")
        return Path(self.name)

    @property
    def digests(self) -> Digests:
        """Digests of the file or folder; raises ValueError if it is something else."""
        return Digests.from_digest_set(self.digest or {})

    @property
    def role(self) -> str:
        """What a dependency was to the step."""
        return (self.annotations or {}).get("role", "")


class Subject(Resource):
    """An output."""

    name: Annotated[str, AfterValidator(_relative), AfterValidator(inside)]
    digest: dict[str, str]


class ExternalParameters(Document):
    """The step and its settings, exactly."""

    step: str
    settings: dict[str, Any]


class BuildDefinition(Document):
    """What was asked for."""

    build_type: Literal["urn:lowd:step:v1"] = "urn:lowd:step:v1"
    external_parameters: ExternalParameters
    internal_parameters: dict[str, Any]
    resolved_dependencies: tuple[Resource, ...]


class Builder(Document):
    """The `lowd` command, and the libraries' versions."""

    id: str = "urn:lowd:command:v1"
    version: dict[str, str]


class Metadata(Document):
    """Which run it was, and when."""

    invocation_id: str
    started_on: AwareDatetime
    finished_on: AwareDatetime


class RunDetails(Document):
    """How this run of it went."""

    builder: Builder
    metadata: Metadata
    byproducts: tuple[Resource, ...]


class Provenance(Document):
    """SLSA's predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails
