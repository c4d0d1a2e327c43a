"""`lowd init`: a repository of one's own, around the workflow that lowd ships."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Annotated

import typer

from lowd.cli.failures import told_in_one_line
from lowd.shipped import shipped

TEMPLATE = Path(__file__).with_name("template")
"""Files as they will be, but for `.in` at the end, `dot_` for a dot in front, and @WORDS@.

So no tool takes them, or the settings in them, for this repository's own.
"""
MAY_STAND = (".git", ".venv")
"""What a folder may have before: a clone of an empty repository, and an environment."""


def init(
    folder: Annotated[Path, typer.Argument(help="A folder that is new, or empty.")],
) -> None:
    """Write a repository of one's own: settings with a small study, Snakefile, stages of DVC.

    It is made a repository of git, unless it lies in one, and of DVC; nothing is committed.
    """
    with told_in_one_line("init"):
        folder = folder.absolute()
        _check_free(folder)
        around = next(path for path in (folder, *folder.parents) if path.is_dir())
        is_inside = not _git("-C", str(around), "rev-parse", "--is-inside-work-tree").returncode
        with tempfile.TemporaryDirectory(dir=around, prefix=".lowd-init-") as place:
            draft = Path(place, folder.name)
            _write(draft, folder.name)
            if not is_inside and (done := _git("init", "--quiet", str(draft))).returncode:
                raise ValueError(f"`git init` fails: {done.stderr.strip()}")
            _move(draft, folder)
    first = "" if folder == Path.cwd() else f"cd {shlex.quote(os.path.relpath(folder))} && "
    typer.echo(
        f"{folder.name}: a repository with one study of a minute or two\n"
        f"next: {first}git add -A && git commit -m 'An example' && make figures"
    )


def _check_free(folder: Path) -> None:
    """Raise ValueError unless the folder is new, or has nothing that could be written over."""
    if folder.is_dir():
        there = sorted(path.name for path in folder.iterdir() if path.name not in MAY_STAND)
        if there:
            more = f" and {len(there) - 3} more" if len(there) > 3 else ""
            raise ValueError(
                f"{folder} is not empty: it has {', '.join(there[:3])}{more}; name a new folder"
            )
    elif folder.exists() or folder.is_symlink():
        raise ValueError(f"{folder} is a file; name a new folder")


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True)
    except OSError as error:
        raise ValueError(
            f"git can't be run ({error.strerror}), and results and statements are kept in it: "
            "install it"
        ) from None


def _write(place: Path, name: str) -> None:
    from lowd.settings import load_declared
    from lowd.written.listing import LIST, listing

    words = {"@NAME@": name, "@REQUIREMENT@": requirement()}
    for source in sorted(TEMPLATE.rglob("*.in")):
        parts = source.relative_to(TEMPLATE).with_suffix("").parts
        path = place.joinpath(*(re.sub("^dot_", ".", part) for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        path.write_text(text)
    shutil.copyfile(shipped("constraints.txt"), place / "constraints.txt")
    shutil.copytree(shipped("workflow/schemas"), place / "schemas")
    (place / LIST).write_text(listing(load_declared(place / "params.yaml").settings))


def requirement() -> str:
    """What pip takes this lowd from: the commit that it was installed from, or its version."""
    installed = distribution("lowd")
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    if source := origin.get("vcs_info"):
        return f"lowd @ {source['vcs']}+{origin['url']}@{source['commit_id']}"
    return f"lowd=={installed.version}"


def _move(draft: Path, folder: Path) -> None:
    """Put all of it in place at once; into a folder that is there, one by one, or nothing."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(folder)
        return
    moved: list[Path] = []
    try:
        for path in sorted(draft.iterdir()):
            moved.append(path.rename(folder / path.name))
    except OSError:
        for path in moved:
            path.rename(draft / path.name)
        raise
