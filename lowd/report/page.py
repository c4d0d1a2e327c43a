"""All figures of some studies on one self-contained HTML page, each with what it was made from."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

from lowd.figures.embedded import read_lineage
from lowd.figures.vacuous import vacuous_in
from lowd.html import data_uri, render
from lowd.provenance.links import Link, State
from lowd.provenance.repository import Repository
from lowd.provenance.statement import Statement
from lowd.provenance.trace import Trace, trace
from lowd.report.graph import HEIGHT, WIDTH, Graph, graph
from lowd.store.results import open_results
from lowd.table import PLOTTED

CELL = ("model", "N", "replicate")


@dataclass(frozen=True)
class Table:
    """The cells that a figure plots.

    Attributes:
        columns: headers.
        rows: of every cell, what to show, and a number to sort by.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, float], ...], ...]


@dataclass(frozen=True)
class Section:
    """A figure and all there is to say of it.

    Attributes:
        name: STUDY/FIGURE.
        image: the SVG as a data URI.
        caption: in words.
        links: how many links were checked.
        broken: those that do not verify.
        lineage: the drawing of its jobs.
        settings: of every job of its chain, as JSON, by the job's statement.
        table: its cells; None of a figure that plots none.
        command: the one that draws it.
        identity: its lineage id.
    """

    name: str
    image: str
    caption: str
    links: int
    broken: tuple[Link, ...]
    lineage: Graph
    settings: dict[str, str]
    table: Table | None
    command: str
    identity: str


def page(repository: Repository, studies: Sequence[str]) -> str:
    """The page, as HTML that needs nothing else.

    Raises:
        ValueError: a study has no figure here.
    """
    sections = {study: list(_sections(repository, study)) for study in studies}
    return render(
        Path(__file__).with_name("page.html"),
        studies=sections,
        warnings={study: _warnings(study) for study in studies},
        made=datetime.now(UTC),
        box_size=(WIDTH, HEIGHT),
    )


def _sections(repository: Repository, study: str) -> Iterator[Section]:
    figures = sorted(
        path for path in repository.claims if path.match(f"figures/{study}/*.svg") and path.exists()
    )
    if not figures:
        raise ValueError(f"figures/{study}: no figure of this study is here; run it")
    order = [*PLOTTED, "samples"]
    figures.sort(key=lambda path: order.index(path.stem) if path.stem in order else len(order))
    for figure in figures:
        yield _section(repository, figure)


def _warnings(study: str) -> list[str]:
    """Which scores of a study cannot tell; figures across studies say so in their captions."""
    return vacuous_in(study) if Path("results", f"{study}.zarr").exists() else []


def _section(repository: Repository, figure: Path) -> Section:
    found = trace(figure, repository, read_lineage(figure))
    stated = repository.statements[found.maker]
    links = dict.fromkeys([found.file, *(one for job in found.jobs.values() for one in job.links)])
    caption = figure.with_suffix(".txt")
    return Section(
        name=f"{figure.parent.name}/{figure.stem}",
        image=data_uri("image/svg+xml", figure.read_bytes()),
        caption=caption.read_text().strip() if caption.exists() else "",
        links=len(links),
        broken=tuple(one for one in links if one.state is not State.VERIFIED),
        lineage=_lineage(repository, found),
        settings={
            path.stem: json.dumps(job.stated.settings, indent=1, ensure_ascii=False)
            for path, job in found.jobs.items()
        },
        table=_table(figure),
        command=_command(stated, found.maker),
        identity=stated.lineage,
    )


def _lineage(repository: Repository, found: Trace) -> Graph:
    jobs = found.jobs
    read = (link for job in jobs.values() for links in job.inputs.values() for link in links)
    broken = {link.name for link in (found.file, *read) if link.state is not State.VERIFIED}
    return graph(
        {path: [one for one in repository.makers(path) if one in jobs] for path in jobs},
        {path: job.stated.step for path, job in jobs.items()},
        {
            path: all(link.state is State.VERIFIED for link in job.links)
            and not {one.name for one in job.stated.subject} & broken
            for path, job in jobs.items()
        },
    )


def _command(stated: Statement, maker: Path) -> str:
    settings = json.dumps(stated.settings, separators=(",", ":"))
    words = ["lowd", "step", stated.step, "--settings", settings]
    for role, resources in stated.inputs.items():
        for resource in resources:
            words += [f"--{role}", str(resource.path)]
    for output in stated.subject:
        words += ["--output", output.name]
    return shlex.join([*words, "--statement", str(maker)])


def _plotted(figure: Path) -> tuple[str, str]:
    """Whose results a figure plots, and its kind; NAME-KIND across studies has its own."""
    study = figure.parent.name
    name, _, kind = figure.stem.rpartition("-")
    return (f"across/{name}", kind) if study == "across" else (study, figure.stem)


def _table(figure: Path) -> Table | None:
    """Scores of single cells, or else the first and those over the same axes.

    Others stand in the figure alone. What was not run has no row; what diverged has one.
    """
    study, kind = _plotted(figure)
    if not Path("results", f"{study}.zarr").exists():
        return None
    results = open_results(study)
    names = [n for n in PLOTTED.get(kind, ()) if n in results and f"{n}_se" in results]
    if not names:
        return None
    every = [results[name].dims for name in names]
    dims = CELL if CELL in every else every[0]
    names = [name for name in names if results[name].dims == dims]
    rows = []
    for at in np.ndindex(results[names[0]].shape):
        scores = [
            (float(results[name].values[at]), float(results[f"{name}_se"].values[at]))
            for name in names
        ]
        if "model" not in dims and np.isnan(scores).any(axis=1).all():
            continue
        place = [_coordinate(results, str(dim), i) for dim, i in zip(dims, at, strict=True)]
        rows.append((*place, *(_score(*one) for one in scores)))
    return Table((*map(str, dims), *names), tuple(rows))


def _coordinate(results: xr.Dataset, dim: str, position: int) -> tuple[str, float]:
    """A place on an axis; models sort by their number of parameters, names as they come."""
    value = results[dim].values[position]
    if dim == "model":
        return str(value), float(results["parameters"].values[position])
    if np.issubdtype(results[dim].dtype, np.number):
        return f"{value:,}", float(value)
    return str(value), float(position)


def _score(value: float, error: float) -> tuple[str, float]:
    if np.isnan(value):
        return "diverged", -1e9
    return f"{value:.3f} ± {2 * error:.3f}", value
