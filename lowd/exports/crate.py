"""Statements as a Provenance Run Crate (w3id.org/ro/wfrun/provenance/0.5) around the repository.

The crate's root is the repository itself: the metadata file lies beside params.yaml and describes
files where they are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, DataEntity, Dataset, File
from rocrate.rocrate import ROCrate

from lowd.provenance.environment import versions
from lowd.provenance.statement import Resource, Statement

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
COMPLETED = {"@id": "http://schema.org/CompletedActionStatus"}
LICENCE = "https://spdx.org/licenses/MIT"


def crate(statements: Mapping[Path, Statement], name: str) -> dict[str, Any]:
    """The content of ro-crate-metadata.json.

    Args:
        statements: of jobs that belong together, by their paths; one or more.
        name: what to call the crate.
    """
    found = ROCrate(version="1.1")  # which the profiles below are written for
    found.name = name
    found.description = "Data, checkpoints, results and figures, and the jobs that made them."
    found.license = found.add(
        ContextEntity(found, LICENCE, {"@type": "CreativeWork", "name": "MIT License"})
    )
    finished = max(one.finished for one in statements.values())
    found.datePublished = finished
    found.root_dataset["conformsTo"] = [
        found.add(
            ContextEntity(
                found,
                profile,
                {
                    "@type": ["CreativeWork", "Profile"],
                    "name": title,
                    "version": profile.rsplit("/", 1)[1],
                },
            )
        )
        for profile, title in PROFILES.items()
    ]
    tools = {
        step: found.add(
            ContextEntity(
                found,
                f"#lowd-{step}",
                {
                    "@type": "SoftwareApplication",
                    "name": f"lowd step {step}",
                    "softwareVersion": versions()["lowd"],
                },
            )
        )
        for step in sorted({one.step for one in statements.values()})
    }
    workflow = found.add_workflow(
        dest_path="Snakefile",
        main=True,
        lang="snakemake",
        properties={
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "From params.yaml to phase-transition figures",
        },
    )
    workflow["hasPart"] = list(tools.values())
    steps = {
        step: found.add(
            ContextEntity(
                found,
                f"Snakefile#{step}",
                {"@type": "HowToStep", "name": step, "position": str(position)},
            )
        )
        for position, step in enumerate(tools)
    }
    for step, how in steps.items():
        how["workExample"] = tools[step]
    workflow["step"] = list(steps.values())
    files: dict[str, DataEntity] = {}

    def file(resource: Resource) -> DataEntity:
        path = resource.path.as_posix()
        if path not in files:
            kind = Dataset if resource.digests.is_folder else File
            properties = {"name": path, "sha256": resource.digests.sha256}
            files[path] = found.add(kind(found, dest_path=path, properties=properties))
        return files[path]

    controls: list[ContextEntity] = []
    used: dict[str, DataEntity] = {}
    made: dict[str, DataEntity] = {}
    for path, stated in statements.items():
        inputs = [file(one) for resources in stated.inputs.values() for one in resources]
        outputs = [file(one) for one in stated.subject]
        used |= {one.id: one for one in inputs}
        made |= {one.id: one for one in outputs}
        action = found.add_action(
            tools[stated.step],
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
        controls.append(
            found.add(
                ContextEntity(
                    found,
                    f"#control-{path.as_posix()}",
                    {"@type": "ControlAction", "name": f"run {stated.step}"},
                )
            )
        )
        controls[-1]["instrument"] = steps[stated.step]
        controls[-1]["object"] = action
    run = found.add_action(
        workflow,
        identifier="#run",
        object=[one for key, one in used.items() if key not in made],
        result=list(made.values()),
        properties={
            "name": f"run of {name}",
            "startTime": min(one.started for one in statements.values()).isoformat(),
            "endTime": finished.isoformat(),
            "actionStatus": COMPLETED,
        },
    )
    engine = found.add(
        ContextEntity(
            found,
            "#snakemake",
            {
                "@type": "SoftwareApplication",
                "name": "Snakemake",
                "softwareVersion": versions()["snakemake"],
                "url": "https://snakemake.github.io",
            },
        )
    )
    organise = found.add(
        ContextEntity(
            found, "#organise", {"@type": "OrganizeAction", "name": "plan and run the jobs"}
        )
    )
    organise["instrument"] = engine
    organise["object"] = controls
    organise["result"] = run
    found.root_dataset["mentions"] = [run, *found.get_by_type("CreateAction")]
    return found.metadata.generate()
