"""`lowd trace`: what a file comes from, as a tree."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowd.cli.completion import names_or_paths
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import paths_of

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from lowd.cli.cell import Student
    from lowd.provenance.links import Link
    from lowd.provenance.trace import Made, Trace


def trace(
    file: Annotated[
        str,
        typer.Argument(
            help="A figure, a copy of one, any other output, a study, or a family of studies.",
            autocompletion=names_or_paths,
        ),
    ],
    cell: Annotated[
        str | None,
        typer.Option(
            metavar="model=…,N=…,replicate=…", help="Go to one student and its training set."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail if params.yaml would make something else now.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Show what a file was made from, down to seeds, sources and commits, and whether it holds.

    Run it where params.yaml is. The exit status is 0 if every link verifies, and else 1. Settings
    that have changed since are noted; with --strict they fail too. Of a family all members are
    shown, and JSON is a list if there are several.
    """
    with told_in_one_line("trace"):
        from lowd.cli.today import moved_on

        followed = [_follow(Path(os.path.relpath(left[0])), cell) for left in paths_of(file)]
        others = [
            list(moved_on({path: job.stated for path, job in found.jobs.items()}))
            for found, _ in followed
        ]
    if as_json:
        every = [
            _as_json(*each) | {"moved_on": [asdict(one) for one in notes]}
            for each, notes in zip(followed, others, strict=True)
        ]
        typer.echo(json.dumps(every[0] if len(every) == 1 else every, indent=1))
    else:
        from lowd.cli.console import plain, show

        for (found, student), notes in zip(followed, others, strict=True):
            show(_as_tree(found, student), _verdict(found))
            if notes:
                show(*(plain("note", f"{one.file}: {one.reason}") for one in notes))
    verified = all(found.verified for found, _ in followed)
    raise typer.Exit(not verified or (strict and any(others)))


def _follow(file: Path, coordinates: str | None) -> "tuple[Trace, Student | None]":
    from lowd.cli.cell import find_student, find_training, parse_cell
    from lowd.figures.embedded import read_lineage
    from lowd.provenance.links import State
    from lowd.provenance.repository import read_repository
    from lowd.provenance.trace import find, trace

    cell = None if coordinates is None else parse_cell(coordinates)
    repository = read_repository()
    is_figure = file.suffix in (".png", ".svg") and file.is_file()
    lineage = read_lineage(file) if is_figure else None
    start = repository.claims[find(file, repository, lineage)][0]
    if cell is None:
        return trace(file, repository, lineage), None
    training = find_training(
        cell, {one: repository.statements[one] for one in repository.chain(start)}
    )
    found = trace(file, repository, lineage, via=training)
    trained = found.jobs[training]
    (pool,) = trained.inputs["pool"]
    maker = found.makers.get(pool.name)
    size = None if maker is None else found.jobs[maker].stated.settings.get("size")
    here = pool.state is State.VERIFIED
    return found, find_student(cell, trained.stated, size, here=here)


def _as_tree(found: "Trace", student: "Student | None") -> "Tree":
    from rich.tree import Tree

    from lowd.cli.console import line, plain

    shown: set[Path] = set()

    def grow(tree: Tree, file: "Link", label: str, maker: Path | None) -> None:
        """Add a file; what it was made from follows where it is met first."""
        text = line(label, file)
        branch = tree.add(text) if label else tree
        if maker is None:
            return
        if maker in shown:
            text.append(", see above", style="dim")
            return
        shown.add(maker)
        job = found.jobs[maker]
        for detail in _details(job):
            branch.add(detail)
        for role, links in job.inputs.items():
            for link in links:
                grow(branch, link, role, found.makers.get(link.name))

    root = Tree(line("", found.file))
    if student is not None:
        for label, text in _answer(student).items():
            root.add(plain(label, text))
    grow(root, found.file, "", found.maker)
    return root


def _verdict(found: "Trace") -> "Text":
    """What does not verify, once more: the tree may be long."""
    from rich.text import Text

    from lowd.cli.console import line, short
    from lowd.provenance.links import State

    if found.verified:
        return Text("every link verifies")
    links = [("", found.file.name, found.file)]
    for path, job in found.jobs.items():
        links += [("", path.as_posix(), job.statement), ("code of", path.as_posix(), job.code)]
        if job.commit is not None:
            links.append(("commit", short(job.commit.name), job.commit))
        links += [("", link.name, link) for read in job.inputs.values() for link in read]
    failing = [
        line(label, link, name)
        for label, name, link in dict.fromkeys(links)
        if link.state is not State.VERIFIED
    ]
    return Text("not every link verifies: ") + Text(", ").join(failing)


def _details(job: "Made") -> "Iterator[Text]":
    """How a file was made, but for the inputs."""
    from lowd.cli.console import line, plain, short

    made = line(f"made by {job.stated.step}:", job.statement)
    made.append(", ").append(line("code", job.code, f"in {len(job.stated.sources)} files"))
    if job.commit is not None:
        made.append(", ").append(line("commit", job.commit, short(job.commit.name)))
    yield made
    yield plain("settings", json.dumps(job.stated.settings, ensure_ascii=False))
    if job.stated.streams:
        yield plain("streams", ", ".join(job.stated.streams))


def _answer(student: "Student") -> dict[str, str]:
    last = student.first + student.cell.n - 1
    commit = f", commit {student.commit[:7]}" if student.commit else ""
    content = f"sha256 {student.sha256}" if student.sha256 else "digest unknown without the pool"
    return {
        "student": f"{student.cell}, at index {student.index} of {student.checkpoint}",
        "streams": ", ".join(student.streams),
        "trained by": f"the job of lineage {student.made_by}, {student.made_at}{commit}",
        "training set": f"rows {student.first} to {last} of {student.pool}, {content}",
    }


def _as_json(found: "Trace", student: "Student | None") -> dict[str, Any]:
    return {
        "verified": found.verified,
        "file": asdict(found.file),
        "statement": found.maker.as_posix(),
        "student": student and asdict(student),
        "jobs": {path.as_posix(): _job_as_json(job, found) for path, job in found.jobs.items()},
    }


def _job_as_json(job: "Made", found: "Trace") -> dict[str, Any]:
    stated = job.stated
    made_by = {name: path.as_posix() for name, path in found.makers.items()}
    return {
        "step": stated.step,
        "statement": asdict(job.statement),
        "lineage": stated.lineage,
        "settings": stated.settings,
        "streams": stated.streams,
        "code": asdict(job.code),
        "sources": {source.name: source.digests.sha256 for source in stated.sources},
        "commit": job.commit and asdict(job.commit),
        "inputs": {
            role: [asdict(link) | {"statement": made_by.get(link.name)} for link in links]
            for role, links in job.inputs.items()
        },
    }
