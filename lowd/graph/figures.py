"""Figures, and the manifest that ends a study."""

from collections.abc import Iterable
from pathlib import Path

from lowd.figures.find import figure_module
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.steps.figure import FigureStep, figure
from lowd.steps.manifest import ManifestStep, manifest


def drawn(path: str) -> tuple[str, ...]:
    """The files of a figure: for screen and print, the caption, and every point plotted."""
    return tuple(f"{path}.{suffix}" for suffix in ("svg", "png", "txt", "csv"))


DRAWING = Step(
    figure,
    cost="cost.bills:figure_bill",
    imports=lambda step: (figure_module(step.name),),
)
FIGURE = Rule("figure", DRAWING, drawn("figures/{study}/{figure}"), place="{study}/figure-{figure}")
MANIFEST = Rule(
    "manifest", Step(manifest, cost="cost.bills:command_bill"), ("data/{study}/manifest.json",)
)


def figure_job(study: str, name: str) -> Job:
    """A figure of a study's results."""
    results = Path(f"results/{study}.zarr")
    return FIGURE.job(FigureStep(name=name), {"results": results}, study=study, figure=name)


def manifest_job(study: str, jobs: Iterable[Job]) -> Job:
    """The list of all that the study's jobs leave, made when all are done."""
    made: list[Path] = []
    statements = [Path(MANIFEST.statement.format(study=study))]
    for job in jobs:
        made += job.outputs
        statements.append(job.statement)
    settings = ManifestStep(
        folders=tuple(Path(room, study) for room in ("data", "figures", "provenance")),
        declared=tuple(sorted((*made, *statements))),
    )
    return MANIFEST.job(settings, {}, waits_for=made, study=study)
