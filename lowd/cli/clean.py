"""`lowd clean`: let go of cells that no study has any more."""

from typing import Annotated

import typer

from lowd.cli.failures import told_in_one_line
from lowd.cli.make import alone


def clean(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove it without asking.")] = False,
) -> None:
    """Show what dropped cells are kept, and how much it is; remove it if that is wanted.

    A student that a study no longer has, with its samples and scores, is taken up again if the
    study grows back. What is removed here is trained again then.
    """
    with told_in_one_line("clean"):
        from rich.filesize import decimal

        from lowd.cli.kept import dropped
        from lowd.store.atomic import remove
        from lowd.table import read_graph

        everything = read_graph()
        with alone():  # a job may be about to take them up
            found = dropped(everything)
            if not found:
                typer.echo("Nothing is kept but what studies have.")
                return
            for one in found:
                cells = f"{one.cells} {'cell' if one.cells == 1 else 'cells'} that no study has"
                what = cells if one.cells else "left over, of no use"
                typer.echo(f"{one.output}: {what}, {decimal(one.size)}")
            typer.echo(f"{decimal(sum(one.size for one in found))} in all")
            if not yes:
                typer.confirm("Remove?", abort=True)
            for one in found:
                remove(one.folder)
