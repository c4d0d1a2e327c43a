"""What one kind of fault did, and what of a repository is compared."""

import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

from lowd.provenance.digests import STAMP

Bytes = bytes | dict[Path, bytes] | None


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        fault: what was done.
        told_by: who is to name it.
        tried: how often.
        detected: how often it was named; None where there is nothing to name.
        lost: how often something did not come back to the bit.
    """

    fault: str
    told_by: str
    tried: int
    detected: int | None
    lost: int

    @property
    def is_right(self) -> bool:
        """Whether all was named, and nothing lost."""
        return self.detected in (None, self.tried) and not self.lost


def content(path: Path) -> Bytes:
    """Every byte of a file or folder, but for what Snakemake leaves there; None if it is gone."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file() and file.name != STAMP]
        return {file.relative_to(path): file.read_bytes() for file in files}
    return path.read_bytes() if path.exists() else None


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status and all that was printed."""
    said, _ = process.communicate()
    return process.returncode, said


def shell_commands(said: str) -> list[list[str]]:
    """The words of every job's command that Snakemake prints, up to where its log goes."""
    commands = [
        line.split("Shell command: ")[1] for line in said.splitlines() if "command: " in line
    ]
    return [words[: words.index(">")] for words in map(shlex.split, commands)]
