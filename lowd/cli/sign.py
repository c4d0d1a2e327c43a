"""`lowd sign`: vouch for statements with a key of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.completion import study_names
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of


def sign(
    key: Annotated[Path, typer.Option(help="PEM file with an ed25519 private key.")],
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names, of families too; every study if none is given.",
            autocompletion=study_names,
        ),
    ] = None,
) -> None:
    """Sign the statements of studies as they are now.

    Leaves a DSSE envelope for each in signatures/, for git; `lowd audit --key` checks them.
    """
    with told_in_one_line("sign"):
        from lowd.provenance.signatures import sign
        from lowd.provenance.statement import folders_of, read_statements

        folders = folders_of(studies_of(studies or ()))
        statements = [path for folder in folders for path in read_statements(folder)]
        if not statements:
            raise ValueError(
                f"no statements in {', '.join(map(str, folders))} of this folder; go to the root "
                "of a repository, or run a study"
            )
        written = sign(statements, key)
    typer.echo(f"signed {len(written)} statements")
