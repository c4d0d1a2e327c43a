"""One zip that depends on nothing but its content: no times, one order, nothing compressed.

Stores and checkpoints are compressed already, and compressors of other versions give other bytes.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from lowd.store.atomic import staged

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can state."""
EXECUTABLE, PLAIN = 0o100755, 0o100644


def write_zip(path: Path, members: Mapping[str, Path | str]) -> None:
    """Write a zip, whole or not at all.

    Args:
        path: where it goes.
        members: by their names in it, files, or what is to stand in them.

    Raises:
        OSError: a file can't be read, or the zip can't be written.
    """
    with staged(path) as draft, ZipFile(draft, "w") as archive:
        for name, content in sorted(members.items()):
            member = ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, whatever wrote it: what says how to read the mode
            member.external_attr = PLAIN << 16
            if isinstance(content, str):
                archive.writestr(member, content)
                continue
            if os.access(content, os.X_OK):
                member.external_attr = EXECUTABLE << 16
            member.file_size = content.stat().st_size  # by which room is left for a large one
            with content.open("rb") as source, archive.open(member, "w") as sink:
                shutil.copyfileobj(source, sink, 2**20)
