"""Cells of a grid by what they depend on, so that none is made twice.

A key is a digest of all that a cell's result can depend on besides lowd's code: its settings, the
training points, the noises, modules of the user's own. A step that is given `Cells` asks which of
its keys an earlier job of this folder has made, makes the others, and puts its output together from
both.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

KEY = 32
"""Hexadecimal digits of a key: 128 bits, of which no two cells share all by chance."""


class Place(NamedTuple):
    """Where a cell lies that was made before.

    Attributes:
        path: a checkpoint or store.
        at: its place along the cells' axes there, the last fastest.
        job: lineage id of the job that made it.
    """

    path: Path
    at: int
    job: str


class Group(NamedTuple):
    """Cells of one output that are laid out over the same axes.

    Attributes:
        over: names of the axes.
        keys: of every cell, the last axis fastest.
        jobs: of every cell the lineage id of the job that made it before; empty if this job did.
    """

    over: tuple[str, ...]
    keys: tuple[str, ...]
    jobs: tuple[str, ...]


@dataclass
class Cells:
    """What a job may take over from earlier ones, and what it says of its own output.

    Attributes:
        own: what modules of the user's own have come to.
        kept: places by key, of cells that the same code has made.
        groups: what the job's output holds, as told by `recall`.
    """

    own: str = ""
    kept: Mapping[str, Place] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def key(self, **content: Any) -> str:
        """The key of a cell whose result depends on `content`, JSON values, and on own modules."""
        text = json.dumps({"own": self.own} | content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:KEY]

    def recall(self, over: Sequence[str], keys: Sequence[str]) -> dict[int, Place]:
        """Those of the keys that were made before, by their position.

        Args:
            over: names of the axes that the job's output has the cells over.
            keys: of all cells, in the order of the output.
        """
        found = {at: self.kept[key] for at, key in enumerate(keys) if key in self.kept}
        jobs = (found[at].job if at in found else "" for at in range(len(keys)))
        self.groups.append(Group(tuple(over), tuple(keys), tuple(jobs)))
        return found


def content_digest(array: "np.ndarray") -> str:
    """SHA-256 of an array's type, shape and values."""
    digest = hashlib.sha256(repr((array.dtype.str, array.shape)).encode())
    digest.update(array.tobytes())
    return digest.hexdigest()
