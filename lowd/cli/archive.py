"""`lowd archive`: studies in one zip, to hand on."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.completion import study_names
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of, study_of, targets_of

if TYPE_CHECKING:
    from lowd.exports.archive import Selection

SHOWN = 3
"""Faults, or jobs to be made again, that are named."""


def archive(
    studies: Annotated[
        list[str],
        typer.Argument(help="Names, of families too.", autocompletion=study_names),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The zip; by the names of the studies if not given.")
    ] = None,
    data: Annotated[
        bool,
        typer.Option(
            help="Whether what is in data/ goes in, checkpoints too, or its digests alone."
        ),
    ] = True,
) -> None:
    """Put studies into one zip, from which alone their figures can be checked and drawn again.

    It holds settings, code, results, figures and statements, a crate (RO-Crate), a model card,
    pools and images as Croissant, .zenodo.json and the licence. CITATION.cff says whose it is.
    Refused are studies that do not verify, or that today's settings and code would make otherwise.
    """
    with told_in_one_line("archive"):
        from lowd.exports.archive import members
        from lowd.exports.citation import read_citation
        from lowd.exports.croissant import image_licences
        from lowd.exports.zipped import write_zip

        citation = read_citation()
        names = studies_of(studies)
        chosen = _select(names, data)
        path = output or Path("-".join(map(study_of, studies)) + ".zip")
        content = members(chosen, citation, names)
        write_zip(path, content)
        licences = image_licences(chosen.statements.values())
    for store, licence in licences.items():
        typer.echo(f"note: licence of the images in {store}: {licence}", err=True)
    rest = f", digests alone of {len(chosen.absent)} more" if chosen.absent else ""
    jobs = len(chosen.statements)
    typer.echo(f"{path}: {', '.join(chosen.studies)}; {jobs} jobs, {len(content)} files{rest}")


def _select(names: list[str], with_data: bool) -> "Selection":
    """What goes in of the studies; all of it as statements have it.

    Raises:
        ValueError: something is not, or would be made otherwise today.
    """
    from lowd.cli.audit import audited
    from lowd.exports.archive import Selection, stands_on, statements_of
    from lowd.exports.crate import named
    from lowd.provenance.repository import read_repository

    repository = read_repository()
    every = stands_on(repository, names)
    _refuse(f"{one.file}: {one.reason}" for one in audited(repository, every).faults)
    _refuse(_outdated(every))
    statements = statements_of(repository, every)
    paths = named(statements.values())
    outside = {path for path in paths if path.is_absolute() or ".." in path.parts}
    data = {path for path in paths if path.parts[0] == "data"}
    if with_data and (gone := [path for path in data - outside if not path.exists()]):
        typer.echo(
            f"note: {gone[0]} is not here, so digests of data alone go in; `dvc pull` may bring it",
            err=True,
        )
        with_data = False
    absent = outside if with_data else outside | data
    return Selection(
        every,
        statements,
        tuple(path for path in paths if path not in absent),
        tuple(path for path in paths if path in absent),
    )


def _outdated(studies: tuple[str, ...]) -> Iterator[str]:
    """Jobs that would be made again, and why: a figure is drawn again from what is up to date."""
    from lowd.cli.due import due
    from lowd.settings import load_params
    from lowd.table import graph

    params = load_params(Path("params.yaml"))
    params.check_names(studies)
    targets = [Path(target) for study in studies for target in targets_of(params, study)]
    for statement, reason in due(graph(params).leading_to(targets)).items():
        if reason.kind != "missing":
            yield f"{statement}: {reason.text}"


def _refuse(reasons: Iterator[str]) -> None:
    found = list(reasons)
    if found:
        more = f"\nand {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        told = "\n".join(found[:SHOWN])
        raise ValueError(f"{told}{more}\nrun the studies, or take back what was changed")
