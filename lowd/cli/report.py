"""`lowd report`: figures, and what each was made from, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.completion import study_names
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of


def report(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names, of families too; every study with results if none is given.",
            autocompletion=study_names,
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="The page.")] = Path("report.html"),
) -> None:
    """Put every figure on one self-contained HTML page, with lineage, settings, cells and badges.

    Run it where params.yaml is. The page needs no network and no other file.
    """
    with told_in_one_line("report"):
        from lowd.provenance.repository import read_repository
        from lowd.report.page import page
        from lowd.store.atomic import staged

        repository = read_repository()
        drawn = [path for path in repository.claims if path.match("figures/*/*.svg")]
        here = {path.parent.name for path in drawn if path.exists()}
        names = studies_of(studies or ()) or sorted(here)
        content = page(repository, names)
        with staged(output) as draft:
            draft.write_text(content)
    typer.echo(f"{output}: {', '.join(names)}")
