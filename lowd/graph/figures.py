"""Figures, and the manifest that ends a study."""

from collections.abc import Iterable
from pathlib import Path

from lowd.graph.job import Job, Rule
from lowd.steps.figure import FigureStep
from lowd.steps.manifest import ManifestStep


def drawn(path: str) -> tuple[str, ...]:
    """The files of a figure: what is shown, what is printed, and the caption."""
    return tuple(f"{path}.{suffix}" for suffix in ("svg", "png", "txt"))


FIGURE = Rule("figure", drawn("figures/{study}/{figure}"), place="{study}/figure-{figure}")
MANIFEST = Rule("manifest", ("data/{study}/manifest.json",))


def figure(study: str, name: str) -> Job:
    """A figure of a study's results."""
    results = Path(f"results/{study}.zarr")
    return FIGURE.job(FigureStep(name=name), {"results": results}, study=study, figure=name)


def manifest(study: str, jobs: Iterable[Job]) -> Job:
    """The list of all that the study's jobs leave, made when all are done."""
    made: list[Path] = []
    statements = [MANIFEST.statement(study=study)]
    for job in jobs:
        made += job.outputs
        statements.append(job.statement)
    settings = ManifestStep(
        folders=tuple(Path(room, study) for room in ("data", "figures", "provenance")),
        declared=tuple(sorted((*made, *statements))),
    )
    return MANIFEST.job(settings, {}, waits_for=made, study=study)
