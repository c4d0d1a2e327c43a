"""`lowd export`: statements in the forms that other tools read."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.completion import Studies
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import statements_of


class Form(StrEnum):
    """What to write."""

    CRATE = "crate"
    PROV = "prov"


def export(
    form: Annotated[Form, typer.Argument(help="A Provenance Run RO-Crate, or W3C PROV-JSON.")],
    studies: Studies = None,
    output: Annotated[
        Path | None, typer.Option(help="The file; a crate's is beside params.yaml.")
    ] = None,
) -> None:
    """Write what statements say as ro-crate-metadata.json or as prov.json.

    The crate's root is the repository: its metadata describe files where they lie.
    """
    with told_in_one_line("export"):
        from lowd.store.atomic import staged

        stated = statements_of(studies or ())
        if form is Form.CRATE:
            from lowd.exports.crate import METADATA, About, crate, named

            path = output or Path(METADATA)
            absent = [one for one in named(stated.values()) if not one.exists()]
            about = About(", ".join(studies or ["lowd"]), absent=absent)
            text = json.dumps(crate(stated, about), indent=1)
        else:
            from lowd.exports.prov_json import document

            path = output or Path("prov.json")
            text = str(document(stated).serialize(indent=1))
        with staged(path) as draft:
            draft.write_text(text + "\n")
    typer.echo(f"{path}: {len(stated)} jobs")
