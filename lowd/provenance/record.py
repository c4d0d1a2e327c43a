"""From a job that runs to its statement: first what goes in, then what came out."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from lowd.provenance.code import ROOT as PACKAGE_ROOT
from lowd.provenance.code import combined, module_digests, source_files
from lowd.provenance.digests import Digests
from lowd.provenance.environment import environment, versions
from lowd.provenance.here import check_here
from lowd.provenance.in_toto import (
    BuildDefinition,
    Builder,
    ExternalParameters,
    Metadata,
    Provenance,
    Resource,
    RunDetails,
    Subject,
    inside,
)
from lowd.provenance.lineage import lineage_id
from lowd.provenance.snapshot import Snapshot
from lowd.provenance.statement import CODE, COMMIT, DIGEST_OF_CODE, SOURCE, Statement

OWN_CODE = ("custom",)
"""Roles of modules of the user's own."""


@dataclass(frozen=True)
class Job:
    """A job about to run; its outputs by their names from the current folder."""

    outputs: tuple[str, ...]
    parameters: ExternalParameters
    streams: tuple[str, ...]
    dependencies: tuple[Resource, ...]
    lineage: str
    code: str
    started: datetime

    @property
    def own(self) -> str:
        """What modules of the user's own have come to, on which cells depend."""
        own = (each.digests.sha256 for each in self.dependencies if each.role in OWN_CODE)
        return "".join(own)


def begin(
    step: str,
    settings: Mapping[str, Any],
    *,
    inputs: Mapping[str, Sequence[Path]],
    outputs: Iterable[Path],
    modules: Iterable[str],
    streams: Iterable[str] = (),
    snapshot: Snapshot | None = None,
) -> Job:
    """Take down what a job is about to read and run; hashes the inputs.

    Args:
        step: the step's name.
        settings: its settings, as JSON values.
        inputs: its files and folders by role.
        outputs: the files and folders it is to make, inside the current folder.
        modules: the modules it runs, as for `code_digest`.
        streams: names of the random streams it draws from.
        snapshot: the folder as it is, if it has been looked at for another job.

    Raises:
        OSError: an input is missing or can't be read.
        ValueError: an output is outside the current folder, or this folder has other code.
    """
    started = datetime.now(UTC)
    snapshot = snapshot or Snapshot()
    runs = module_digests(modules)
    check_here(runs)
    code = combined(runs.values())
    digests = {role: snapshot.digests(paths) for role, paths in inputs.items()}
    dependencies = [
        _resource(_name(path), content, role)
        for role, paths in inputs.items()
        for path, content in zip(paths, digests[role], strict=True)
    ]
    return Job(
        outputs=tuple(inside(_name(path)) for path in outputs),
        parameters=ExternalParameters(step=step, settings=dict(settings)),
        streams=tuple(streams),
        dependencies=(*dependencies, *_code(runs, code, snapshot)),
        lineage=lineage_id(step, settings, digests, code),
        code=code,
        started=started,
    )


def _code(modules: Mapping[str, str], code: str, snapshot: Snapshot) -> Iterator[Resource]:
    """The files of modules, by whose names their digests stand; their digest; and the commit."""
    sources = source_files(modules)
    for path, content in zip(sources, snapshot.digests(sources), strict=True):
        yield _resource(path.relative_to(PACKAGE_ROOT.parent).as_posix(), content, SOURCE)
    yield Resource(
        uri=DIGEST_OF_CODE,
        digest={"sha256": code},
        annotations={"role": CODE, "modules": dict(modules)},
    )
    if (checked_out := snapshot.commit) is not None:
        yield Resource(
            uri="urn:lowd:repository",
            digest={"gitCommit": checked_out.digest},
            annotations={"role": COMMIT, "dirty": checked_out.dirty},
        )


def finish(
    job: Job, more: Iterable[Resource] = (), *, snapshot: Snapshot | None = None
) -> Statement:
    """The statement of a job that has run; hashes the outputs.

    Args:
        job: what went in.
        more: by-products besides lineage id and environment.
        snapshot: the folder after it, if that has been looked at for another job.

    Raises:
        OSError: an output is missing or can't be read.
    """
    finished = datetime.now(UTC)
    contents = (snapshot or Snapshot()).digests([Path(name) for name in job.outputs])
    definition = BuildDefinition(
        external_parameters=job.parameters,
        internal_parameters={"randomStreams": list(job.streams)},
        resolved_dependencies=job.dependencies,
    )
    byproducts = (
        Resource(
            name="lineage", uri=f"urn:lowd:lineage:{job.lineage}", digest={"sha256": job.lineage}
        ),
        Resource(name="environment", annotations=environment()),
        *more,
    )
    return Statement(
        subject=tuple(
            Subject(name=name, digest=content.digest_set())
            for name, content in zip(job.outputs, contents, strict=True)
        ),
        predicate=Provenance(
            build_definition=definition,
            run_details=RunDetails(
                builder=Builder(version=versions()),
                metadata=Metadata(
                    invocation_id=uuid4().urn, started_on=job.started, finished_on=finished
                ),
                byproducts=byproducts,
            ),
        ),
    )


def _resource(name: str, content: Digests, role: str) -> Resource:
    return Resource(name=name, digest=content.digest_set(), annotations={"role": role})


def _name(path: Path) -> str:
    """The path from the current folder, also for a file outside it; links stay links."""
    return Path(os.path.relpath(path)).as_posix()
