"""Questions to git: that there is no repository is an answer, every other failure is told."""

import os
import subprocess
from pathlib import Path

QUIET_NO = 1
"""The status with which git answers no, and says nothing, where it is asked with --quiet."""


def git(*arguments: str, given: str = "") -> bytes | None:
    """What git prints; None if there is no repository around the current folder, or for a quiet no.

    Args:
        arguments: git's own.
        given: what it reads.

    Raises:
        ValueError: git fails otherwise, or is not installed where there is a repository; with its
            own words.
    """
    command = ("git", *arguments)
    try:
        done = subprocess.run(
            command, input=given.encode(), capture_output=True, env=os.environ | {"LC_ALL": "C"}
        )
    except OSError as error:
        if not _has_repository():
            return None
        raise ValueError(
            f"git can't be run ({error.strerror}), and this folder is in a repository; install git"
        ) from None
    said = " ".join(done.stderr.decode(errors="replace").split())
    if not done.returncode:
        return done.stdout
    if done.returncode == QUIET_NO and not said and "--quiet" in arguments:
        return None
    if "not a git repository" in said and not _has_repository():
        return None
    reason = said or f"exit status {done.returncode}"
    raise ValueError(f"`git {arguments[0]}` fails: {reason}; mend that (`git fsck`), and ask again")


def _has_repository() -> bool:
    """Whether there is what should be one, be it damaged."""
    if "GIT_DIR" in os.environ:
        return True
    ceilings = os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if folder != here and str(folder) in ceilings:
            return False
        if (folder / ".git").exists():
            return True
    return False
