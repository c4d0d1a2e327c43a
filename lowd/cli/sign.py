"""`lowd sign`: vouch for statements with a key of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.completion import Studies
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import statements_of


def sign(
    key: Annotated[Path, typer.Option(help="PEM file with an ed25519 private key.")],
    studies: Studies = None,
) -> None:
    """Sign the statements of studies as they are now.

    Leaves a DSSE envelope for each in signatures/, for git; `lowd audit --key` checks them.
    """
    with told_in_one_line("sign"):
        from lowd.provenance.signatures import sign

        written = sign([*statements_of(studies or ())], key)
    typer.echo(f"signed {len(written)} statements")
