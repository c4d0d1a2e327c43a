"""Sizes of files, from shapes."""

import json
import math
from collections.abc import Mapping, Sequence

from lowd.cost.tally import Shape

FLOAT = 4
"""Bytes of a number."""
DOUBLE = 8
"""Bytes of a number in metrics and in the solver's state."""
DENSITY = 0.93
"""What zstd leaves of float32 numbers that are all different: it packs their exponents alone."""


def store_bytes(numbers: int) -> int:
    """A zarr store of so many numbers."""
    return round(DENSITY * FLOAT * numbers)


def checkpoint_bytes(
    students: int,
    parameters: Sequence[Shape],
    blocks: int,
    cells: Sequence[Mapping[str, int]],
    name: int = 36,
) -> int:
    """A safetensors file of a stack.

    Args:
        students: of the stack.
        parameters: shapes of one student's.
        blocks: losses kept of each.
        cells: coordinates, which stand in the header as JSON twice quoted.
        name: characters of a parameter's name, about.
    """
    numbers = students * (sum(map(math.prod, parameters)) + blocks)
    quoted = json.dumps(json.dumps(list(cells)))
    header = len(quoted) + len(parameters) * (name + 60) + 300
    return FLOAT * numbers + 8 * students + header
