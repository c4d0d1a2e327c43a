"""The folder at one moment: what several jobs ask of it is looked up once."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from lowd.provenance.digests import Digests, digest_all
from lowd.provenance.environment import Commit, commit


class Snapshot:
    """What files and git have, for as long as nothing changes them."""

    def __init__(self) -> None:
        self._digests: dict[Path, Digests] = {}

    def digests(self, paths: Sequence[Path]) -> list[Digests]:
        """Digests of files and folders, as `digest_all` takes them."""
        new = list(dict.fromkeys(path for path in paths if path not in self._digests))
        self._digests.update(zip(new, digest_all(new), strict=True))
        return [self._digests[path] for path in paths]

    @cached_property
    def commit(self) -> Commit | None:
        """The commit checked out."""
        return commit()
