"""`lowd verify`: whether files are still what the jobs that made them left."""

from typing import Annotated

import typer

from lowd.cli.failures import told_in_one_line


def verify(
    studies: Annotated[
        list[str] | None, typer.Argument(help="Names; every study if none is given.")
    ] = None,
) -> None:
    """Refuse to go on from files that have changed since they were made.

    Snakemake goes by time stamps and sees nothing inside a folder; this rehashes every output that
    is here and has a statement. The exit status is 0 if all verify, and else 1.
    """
    with told_in_one_line("verify"):
        from lowd.provenance.conformity import strays
        from lowd.provenance.repository import Repository
        from lowd.provenance.statement import read_statements

        if found := strays(Repository(read_statements(), {}, None), studies or ()):
            lines = [f"{one.file}: {one.reason}" for one in found]
            raise ValueError(
                "\n".join(
                    [*lines, "put it back with `dvc checkout`, or delete it to have it made again"]
                )
            )
