"""`lowd audit`: whether everything that studies have left is as it was."""

import json
import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lowd.cli.completion import names_or_paths
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import paths_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from lowd.cli.recheck import Rederived
    from lowd.provenance.against import Comparison
    from lowd.provenance.audit import Audit
    from lowd.provenance.repository import Repository

SHOWN = 3
"""Files named for each note; `--json` names all."""


def audit(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, studies or families; everything if none is given.",
            autocompletion=names_or_paths,
        ),
    ] = None,
    against: Annotated[
        str, typer.Option(metavar="REV", help="Compare results with those of a commit.")
    ] = "",
    rederive: Annotated[
        int,
        typer.Option(metavar="K", min=0, help="Train, generate and score K random cells again."),
    ] = 0,
    key: Annotated[
        Path | None,
        typer.Option(help="Statements have to be signed by this ed25519 public key, a PEM file."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="What params.yaml would make otherwise is a fault.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Rehash what studies have left; check it against statements, dvc.lock and git.

    Run it where params.yaml is. The exit status is 0 if there is no fault, and else 1. A file that
    is not here, but that `dvc pull` may bring, is no fault, unless there is nothing else.

    --against and --rederive go on to the numbers of the studies audited: what differs from REV by
    more than its error bars, or comes out otherwise now by more than rounding, is a fault too.
    """
    with told_in_one_line("audit"):
        from lowd.provenance.repository import read_repository

        repository = read_repository()
        found = audited(repository, paths or ())
        found = _with_today(repository, found, strict)
        if key is not None:
            found = _with_signatures(repository, found, key)
        studies = _studies(repository, found)
        if (against or rederive) and not studies:
            raise ValueError("no study with results among these: there is nothing to compare")
        compared = _compare(repository, studies, against) if against else []
        remade = _recheck(studies, rederive) if rederive else []
    numbers = [one.agrees for one in compared] + [one.agrees for one in remade]
    passed = found.passed and all(numbers)
    if as_json:
        measured = {
            "against": [_as_entry(one) for one in compared],
            "rederived": [_as_entry(one) for one in remade],
        }
        content = _as_json(found) | {"passed": passed} | (measured if against or rederive else {})
        typer.echo(json.dumps(content, indent=1))
    else:
        from lowd.cli.console import show

        show(*_as_text(repository, found))
        if numbers:
            show(*_compared_text(studies, compared, against), *_remade_text(remade))
    raise typer.Exit(not passed)


def _with_today(repository: "Repository", found: "Audit", strict: bool) -> "Audit":
    from lowd.cli.today import moved_on

    makers = {repository.claims[Path(link.name)][0] for link in found.outputs}
    rest_on = sorted({path for maker in makers for path in repository.chain(maker)})
    stated = {path: repository.statements[path] for path in rest_on}
    return replace(found, findings=(*found.findings, *moved_on(stated, strict)))


def _with_signatures(repository: "Repository", found: "Audit", key: Path) -> "Audit":
    from lowd.provenance.signatures import unsigned

    makers = sorted({repository.claims[Path(link.name)][0] for link in found.outputs})
    return replace(found, findings=(*found.findings, *unsigned(makers, key)))


def _studies(repository: "Repository", found: "Audit") -> list[str]:
    """Those of which something was audited, and what was computed across studies."""
    makers = [repository.claims[Path(link.name)][0] for link in found.outputs]
    names = sorted({maker.parent.name for maker in makers})
    own = [name for name in names if Path("results", f"{name}.zarr").exists()]
    across = sorted(Path("results/across").glob("*.zarr")) if "across" in names else []
    return own + [f"across/{path.stem}" for path in across]


def _compare(repository: "Repository", studies: list[str], revision: str) -> "list[Comparison]":
    from lowd.provenance.against import compare
    from lowd.table import PLOTTED

    compared: list[Comparison] = []
    for study in studies:
        drawn = {path.stem for path in repository.claims if path.match(f"figures/{study}/*.svg")}
        # Figures across studies have names of their own.
        shown = {figure: scores for figure, scores in PLOTTED.items() if figure in drawn} or PLOTTED
        compared += compare(study, revision, shown)
    if compared:
        return compared
    raise ValueError(f"--against {revision}: no results of {', '.join(studies)} there")


def _recheck(studies: list[str], count: int) -> "list[Rederived]":
    from lowd.cli.recheck import recheck

    return recheck([study for study in studies if not study.startswith("across/")], count)


def _compared_text(
    studies: list[str], compared: "list[Comparison]", revision: str
) -> "Iterator[RenderableType]":
    from rich.table import Column, Table

    from lowd.cli.console import plain

    if not compared:
        return
    counts = ("numbers", "not the same", "in one alone", "largest, in standard errors")
    columns = [Column(name, justify="right") for name in counts]
    table = Table(f"against {revision}", *columns, "", box=None)
    for one in compared:
        largest = f"{one.largest:.2f} (bound {one.bound:.2f})" if one.different else "–"
        where = one.where if one.different else ""
        numbers = (str(one.values), str(one.different or "–"), str(one.missing or "–"))
        verdict = "" if one.agrees else " differs"
        table.add_row(f"{one.study}/{one.figure}", *numbers, largest, f"{where}{verdict}")
    yield table
    for study in studies:
        if study not in {one.study for one in compared}:
            yield plain("note", f"{study}: no results at {revision} to compare with")


def _remade_text(remade: "list[Rederived]") -> "Iterator[str]":
    for one in remade:
        yield f"again {one.study} {one.cell}: {one.verdict}"


def audited(repository: "Repository", words: Iterable[str]) -> "Audit":
    """What an audit finds of paths, studies and families; of all there is, if none is given.

    Raises:
        ValueError: no statement has to do with one.
    """
    from lowd.figures.embedded import read_lineage
    from lowd.provenance.audit import audit

    asked = [
        Path(os.path.relpath(path)) for word in words for left in paths_of(word) for path in left
    ]
    candidates = {*repository.claims, *Path("figures").rglob("*")}
    figures = sorted(p for p in candidates if p.suffix in (".png", ".svg") and p.is_file())
    return audit(repository, {path: read_lineage(path) for path in figures}, asked)


def _as_text(repository: "Repository", found: "Audit") -> "Iterator[RenderableType]":
    from rich.text import Text

    from lowd.cli.console import STYLES, plain, printable
    from lowd.provenance.links import State

    yield _table(repository, found)
    for fault in found.faults:
        accused = Text.assemble(("fault ", STYLES[State.CHANGED]), printable(fault.file))
        yield accused.append(f": {printable(fault.reason)}")
    notes = defaultdict(list)
    for note in found.notes:
        notes[note.reason].append(note.file)
    for link in (*found.outputs, *found.own):
        if link.state is State.NOT_LOCAL:
            notes["not local: `dvc pull` may bring it"].append(link.name)
    for reason, files in notes.items():
        more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
        yield plain("note", f"{', '.join(files[:SHOWN])}{more}: {reason}")
    if found.faults:
        yield f"failed: {len(found.faults)} fault{'s' * (len(found.faults) > 1)}"
    else:
        yield (
            "passed" if found.passed else "failed: nothing of this is here, so nothing was checked"
        )


def _table(repository: "Repository", found: "Audit") -> "Table":
    """How many files of each study fare how."""
    from rich.table import Column, Table
    from rich.text import Text

    from lowd.cli.console import STYLES, printable
    from lowd.provenance.links import State

    counts: defaultdict[str, Counter[State]] = defaultdict(Counter)
    for link in found.outputs:
        counts[repository.claims[Path(link.name)][0].parent.name][link.state] += 1
    for link in found.own:
        counts["own files"][link.state] += 1
    table = Table("study", *(Column(state, justify="right") for state in State), box=None)
    for study, states in counts.items():
        cells = [
            Text(
                str(states[state] or "–"),
                STYLES[state] if states[state] else "dim",
                justify="right",
            )
            for state in State
        ]
        table.add_row(printable(study), *cells)
    return table


def _as_entry(one: "Comparison | Rederived") -> dict[str, Any]:
    """All of it; JSON has no infinity, which is where nothing can be compared."""
    entry: dict[str, Any] = asdict(one) | {"agrees": one.agrees}
    for numbers, key in ((entry, "largest"), *((move, "size") for move in entry.get("moves", ()))):
        if key in numbers and not math.isfinite(numbers[key]):
            numbers[key] = None
    return entry


def _as_json(found: "Audit") -> dict[str, Any]:
    return {
        "passed": found.passed,
        "faults": [{"file": one.file, "reason": one.reason} for one in found.faults],
        "notes": [{"file": one.file, "reason": one.reason} for one in found.notes],
        "files": [asdict(link) for link in (*found.outputs, *found.own)],
    }
