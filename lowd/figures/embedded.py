"""The lineage id inside a figure's file, which goes wherever the file is copied to.

In a .png it is the text called KEY, in an .svg the Dublin Core identifier, after URN.
"""

import re
from pathlib import Path

KEY = "lowd-lineage"
URN = "urn:lowd:lineage:"
_WRITTEN = re.compile(rb"(?:%b\0|%b)([0-9a-f]{64})" % (KEY.encode(), URN.encode()))


def read_lineage(path: Path) -> str | None:
    """The lineage id in a figure's file, or None if it has none; raises OSError if unreadable."""
    found = _WRITTEN.search(path.read_bytes())
    return found[1].decode() if found else None
