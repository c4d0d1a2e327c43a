"""Statements as W3C PROV (www.w3.org/TR/prov-dm): entities are contents, activities are jobs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prov.identifier import Identifier
from prov.model import ProvDocument

from lowd.provenance.digests import Digests
from lowd.provenance.in_toto import Resource
from lowd.provenance.statement import Statement

LOWD = "urn:lowd:"


def document(statements: Mapping[Path, Statement]) -> ProvDocument:
    """Every job as an activity that used and generated entities, associated with `lowd`.

    An entity is a path with a content: two contents of one path are two entities.
    """
    found = ProvDocument()
    found.add_namespace("lowd", LOWD)
    agent = found.agent("lowd:lowd", {"prov:type": "prov:SoftwareAgent"})
    entities: set[str] = set()

    def entity(resource: Resource) -> str:
        path, content = resource.path, resource.digests
        identifier = f"lowd:{content.sha256}/{quote(path.as_posix())}"
        if identifier not in entities:
            entities.add(identifier)
            found.entity(identifier, {"prov:label": path.as_posix(), **_digests(content)})
        return identifier

    for path, stated in statements.items():
        run = stated.predicate.run_details.metadata.invocation_id
        activity = found.activity(
            f"lowd:{run.removeprefix('urn:')}",
            stated.started,
            stated.finished,
            {
                "prov:label": stated.step,
                "lowd:statement": path.as_posix(),
                "lowd:code": stated.code,
                "lowd:lineage": stated.lineage,
                **({"lowd:commit": stated.commit.digest} if stated.commit else {}),
            },
        )
        found.wasAssociatedWith(activity, agent)
        made = [entity(output) for output in stated.subject]
        for role, resources in stated.inputs.items():
            for resource in resources:
                used = entity(resource)
                found.used(activity, used, other_attributes={"prov:role": role})
                for output in made:
                    found.wasDerivedFrom(output, used, activity)
        for output in made:
            found.wasGeneratedBy(output, activity, stated.finished)
    return found


def _digests(content: Digests) -> dict[str | Identifier, Any]:
    return {f"lowd:{name}": value for name, value in content.digest_set().items()}
