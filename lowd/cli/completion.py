"""What a shell completes: names in params.yaml, and paths where these are taken too."""

from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.named import declared_here


def study_names(incomplete: str) -> list[str]:
    """Names of studies, findings, families and figures across studies that begin so.

    None where params.yaml is not there or can't be read: a shell that completes shows no error.
    """
    declared = declared_here()
    try:
        rooms = [declared.settings.get(room) or {} for room in ("studies", "findings", "across")]
        names = dict.fromkeys(name for room in (*rooms, declared.families) for name in room)
        return [name for name in names if name.startswith(incomplete)]
    except (AttributeError, TypeError):
        return []


def names_or_paths(incomplete: str) -> list[str]:
    """The same, and files and folders that begin so."""
    place, slash, start = incomplete.rpartition("/")
    folder = Path(place + slash or ".")
    paths = [
        f"{place}{slash}{path.name}{'/' * path.is_dir()}"
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if path.name.startswith(start)
    ]
    return study_names(incomplete) + paths


Studies = Annotated[
    list[str] | None,
    typer.Argument(
        help="Names, of families too; every study if none is given.", autocompletion=study_names
    ),
]
"""What a command takes that is of every study unless some are named."""
