"""Outputs appear whole or not at all: written beside their place, then renamed into it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A path to write a file or folder at, which takes `path`'s place when the block succeeds.

    Whatever stands at `path` stays until then, and stays for good if the block raises. A file is
    replaced in one step; an old folder goes an instant before the new one comes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers choose their format by it.
    draft = path.with_name(f".{path.stem}.partial{path.suffix}")
    remove(draft)
    try:
        yield draft
        if draft.is_dir():  # which nothing can be renamed over
            remove(path)
        draft.replace(path)
    except BaseException:
        remove(draft)
        raise
