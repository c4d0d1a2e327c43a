"""Statements as a Provenance Run Crate (w3id.org/ro/wfrun/provenance/0.5) around the repository.

The crate's root is the repository itself: the metadata file lies beside params.yaml and describes
files where they are. A file that is not there has a name of the crate's own, `#PATH`, and its
digest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, DataEntity, Dataset, File
from rocrate.rocrate import ROCrate

from lowd.provenance.environment import versions
from lowd.provenance.in_toto import Resource
from lowd.provenance.statement import Statement

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
COMPLETED = {"@id": "http://schema.org/CompletedActionStatus"}
SHA256 = "https://w3id.org/ro/terms/workflow-run#sha256"


@dataclass(frozen=True)
class About:
    """What statements do not say of a crate.

    Attributes:
        name: what to call it.
        description: the same in a sentence.
        licence: SPDX's identifier.
        authors: names, and whether each is of a group.
        absent: files and folders that jobs read or made, and that are not in the crate.
        documents: files and folders that no job made, each with what it is.
    """

    name: str
    description: str = "Data, checkpoints, results and figures, and the jobs that made them."
    licence: str = "MIT"
    authors: Mapping[str, bool] = field(default_factory=dict)
    absent: Collection[Path] = ()
    documents: Mapping[str, str] = field(default_factory=dict)


def crate(statements: Mapping[Path, Statement], about: About) -> dict[str, Any]:
    """The content of ro-crate-metadata.json.

    Args:
        statements: of jobs that belong together, by their paths; one or more.
        about: the rest.
    """
    found = ROCrate(version="1.1")  # which the profiles below are written for
    found.metadata.extra_terms["sha256"] = SHA256
    finished = max(one.finished for one in statements.values())
    _describe(found, about, finished)
    tools = {step: _tool(found, step) for step in sorted({s.step for s in statements.values()})}
    workflow = _workflow(found, tools)
    files = _Files(found, about.absent)
    controls = []
    for path, stated in statements.items():
        action = _action(found, path, stated, tools[stated.step], files)
        control = {"@type": "ControlAction", "name": f"run {stated.step}"}
        controls.append(_entity(found, f"#control-{path.as_posix()}", control))
        controls[-1]["instrument"] = found.get(f"Snakefile#{stated.step}")
        controls[-1]["object"] = action
    run = found.add_action(
        workflow,
        identifier="#run",
        object=[one for key, one in files.used.items() if key not in files.made],
        result=list(files.made.values()),
        properties={
            "name": f"run of {about.name}",
            "startTime": min(one.started for one in statements.values()).isoformat(),
            "endTime": finished.isoformat(),
            "actionStatus": COMPLETED,
        },
    )
    _organise(found, controls, run)
    found.root_dataset["mentions"] = [run, *found.get_by_type("CreateAction")]
    return found.metadata.generate()


def named(statements: Iterable[Statement]) -> list[Path]:
    """All files and folders that jobs read or made, each once."""
    resources = (
        one for stated in statements for one in (*sum(stated.inputs.values(), ()), *stated.subject)
    )
    return list(dict.fromkeys(one.path for one in resources))


def _entity(crate: ROCrate, identifier: str, properties: dict[str, Any]) -> ContextEntity:
    return crate.add(ContextEntity(crate, identifier, properties))


def _describe(crate: ROCrate, about: About, published: datetime) -> None:
    """The crate itself, its authors and licence, and the profiles that it keeps to."""
    crate.name = about.name
    crate.description = about.description
    licence = {"@type": "CreativeWork", "name": about.licence}
    crate.license = _entity(crate, f"https://spdx.org/licenses/{about.licence}", licence)
    crate.datePublished = published
    if about.authors:
        crate.root_dataset["author"] = [
            _entity(
                crate,
                f"#{quote(author)}",
                {"@type": "Organization" if is_group else "Person", "name": author},
            )
            for author, is_group in about.authors.items()
        ]
    for path, told in about.documents.items():
        kind = Dataset if path.endswith("/") else File
        properties = {"name": path, "description": told}
        crate.add(kind(crate, dest_path=path, properties=properties))
    crate.root_dataset["conformsTo"] = [
        _entity(
            crate,
            profile,
            {
                "@type": ["CreativeWork", "Profile"],
                "name": title,
                "version": profile.rsplit("/", 1)[1],
            },
        )
        for profile, title in PROFILES.items()
    ]


def _tool(crate: ROCrate, step: str) -> ContextEntity:
    properties = {
        "@type": "SoftwareApplication",
        "name": f"lowd step {step}",
        "softwareVersion": versions()["lowd"],
    }
    return _entity(crate, f"#lowd-{step}", properties)


def _workflow(crate: ROCrate, tools: Mapping[str, ContextEntity]) -> DataEntity:
    """The Snakefile, and the steps that it has."""
    workflow = crate.add_workflow(
        dest_path="Snakefile",
        main=True,
        lang="snakemake",
        properties={
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "From params.yaml to phase-transition figures",
        },
    )
    workflow["hasPart"] = list(tools.values())
    steps = []
    for position, (step, tool) in enumerate(tools.items()):
        properties = {"@type": "HowToStep", "name": step, "position": str(position)}
        steps.append(_entity(crate, f"Snakefile#{step}", properties))
        steps[-1]["workExample"] = tool
    workflow["step"] = steps
    return workflow


class _Files:
    """Files and folders, each once, and which of them jobs have read and made."""

    def __init__(self, crate: ROCrate, absent: Collection[Path]) -> None:
        self.crate = crate
        self.absent = frozenset(absent)
        self.every: dict[str, ContextEntity | DataEntity] = {}
        self.used: dict[str, ContextEntity | DataEntity] = {}
        self.made: dict[str, ContextEntity | DataEntity] = {}

    def of(self, resource: Resource) -> ContextEntity | DataEntity:
        """The entity of a file or folder."""
        path = resource.path.as_posix()
        if path not in self.every:
            kind = Dataset if resource.digests.is_folder else File
            properties = {"name": path, "sha256": resource.digests.sha256}
            if resource.path in self.absent:
                named = {"@type": kind.__name__, **properties}
                self.every[path] = _entity(self.crate, f"#{quote(path)}", named)
            else:
                entity = kind(self.crate, dest_path=path, properties=properties)
                self.every[path] = self.crate.add(entity)
        return self.every[path]


def _action(
    crate: ROCrate, path: Path, stated: Statement, tool: ContextEntity, files: _Files
) -> ContextEntity:
    """What one job did."""
    inputs = [files.of(one) for resources in stated.inputs.values() for one in resources]
    outputs = [files.of(one) for one in stated.subject]
    files.used |= {one.id: one for one in inputs}
    files.made |= {one.id: one for one in outputs}
    return crate.add_action(
        tool,
        identifier=f"#{stated.predicate.run_details.metadata.invocation_id}",
        object=inputs,
        result=outputs,
        properties={
            "name": f"{stated.step}: {path.as_posix()}",
            "startTime": stated.started.isoformat(),
            "endTime": stated.finished.isoformat(),
            "actionStatus": COMPLETED,
            "description": f"lineage id {stated.lineage}",
        },
    )


def _organise(crate: ROCrate, controls: list[ContextEntity], run: ContextEntity) -> None:
    """That Snakemake has planned and run the jobs."""
    properties = {
        "@type": "SoftwareApplication",
        "name": "Snakemake",
        "softwareVersion": versions()["snakemake"],
        "url": "https://snakemake.github.io",
    }
    engine = _entity(crate, "#snakemake", properties)
    named = {"@type": "OrganizeAction", "name": "plan and run the jobs"}
    organise = _entity(crate, "#organise", named)
    organise["instrument"] = engine
    organise["object"] = controls
    organise["result"] = run
