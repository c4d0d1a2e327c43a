"""A figure's lineage as a drawing: one box for all jobs of a step, seeds on the left."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

COLUMN, ROW = 152, 64
"""Distance of boxes, in pixels."""
WIDTH, HEIGHT = 132, 44


class Node(NamedTuple):
    """What a box stands for: a step, at one distance from the seeds."""

    level: int
    step: str


@dataclass(frozen=True)
class Box:
    """A box of the drawing; x and y are those of its upper left corner.

    Attributes:
        name: the step's, or of a single job its own.
        jobs: how many it stands for.
        verified: how many of them verify.
        x: pixels.
        y: pixels.
    """

    name: str
    jobs: int
    verified: int
    x: int
    y: int

    @property
    def sound(self) -> bool:
        """Whether all verify."""
        return self.jobs == self.verified


@dataclass(frozen=True)
class Graph:
    """Boxes, the curves between them as SVG paths, and the size of it all."""

    boxes: tuple[Box, ...]
    curves: tuple[str, ...]
    width: int
    height: int


def graph(
    makers: Mapping[Path, Sequence[Path]], steps: Mapping[Path, str], sound: Mapping[Path, bool]
) -> Graph:
    """Lay the jobs out from left to right by how many jobs they are from the seeds.

    Args:
        makers: by job, those that made what it read.
        steps: by job, its step.
        sound: by job, whether it verifies.

    Raises:
        ValueError: jobs rest on themselves.
    """
    try:
        TopologicalSorter(makers).prepare()
    except CycleError as error:
        raise ValueError(f"{error.args[1][0]} rests on itself; see `lowd audit`") from None
    levels: dict[Path, int] = {}

    def level(job: Path) -> int:
        if job not in levels:
            levels[job] = 1 + max((level(maker) for maker in makers[job]), default=-1)
        return levels[job]

    nodes = {job: Node(level(job), steps[job]) for job in makers}
    groups: defaultdict[Node, list[Path]] = defaultdict(list)
    for job, node in nodes.items():
        groups[node].append(job)
    columns: defaultdict[int, list[Node]] = defaultdict(list)
    for node in sorted(groups):
        columns[node.level].append(node)
    tallest = max(map(len, columns.values()))
    boxes = {}
    for number, column in columns.items():
        top = (tallest - len(column)) * ROW // 2
        for row, node in enumerate(column):
            jobs = groups[node]
            boxes[node] = Box(
                node.step if len(jobs) > 1 else jobs[0].stem,
                len(jobs),
                sum(sound[job] for job in jobs),
                number * COLUMN,
                top + row * ROW,
            )
    edges = sorted({(nodes[maker], nodes[job]) for job in makers for maker in makers[job]})
    return Graph(
        tuple(boxes.values()),
        tuple(_curve(boxes[start], boxes[end]) for start, end in edges),
        (len(columns) - 1) * COLUMN + WIDTH,
        (tallest - 1) * ROW + HEIGHT,
    )


def _curve(start: Box, end: Box) -> str:
    x, y = start.x + WIDTH, start.y + HEIGHT // 2
    to_x, to_y = end.x, end.y + HEIGHT // 2
    half = (x + to_x) // 2
    return f"M{x} {y}C{half} {y} {half} {to_y} {to_x} {to_y}"
