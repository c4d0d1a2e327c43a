"""Bills of the transition beside the data's intrinsic dimension."""

from collections.abc import Iterator
from math import prod

from lowd.cost.bill import NUMBERS, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import DimensionProbe, Probe, StartProbe
from lowd.cost.sources import holding
from lowd.cost.stores import results_read, results_written, samples_read
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.dimension.relate import NEIGHBOURS, POINTS, RelateStep
from lowd.sources.settings import TrainedTeacher
from lowd.steps.members import Member
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep

ESTIMATING = StartProbe(
    modules=(
        *NUMBERS.modules,
        "lowd.metrics.transition",
        "lowd.geometry.intrinsic_dimension",
        "skdim",
    )
)
DIVISORS = 2
"""For each of which all neighbours are searched again."""
READ, WRITTEN = 70, 24
"""Variables of a study's results, and of those across studies."""
IMAGES = 10
"""Dimension that images are taken for: digits have 7 to 9."""


def relate_bill(job: Job, step: RelateStep, graph: Graph) -> Bill:
    """Neighbours of the points of every study, by all estimators; exponents take next to nothing.

    Raises LookupError if nothing says how many points a study has.
    """
    clouds = [_cloud(graph.maker(path)) for path in job.inputs["points"]]
    work = [
        each
        for member, (points, features) in zip(step.members, clouds, strict=True)
        for each in _estimates(member, min(POINTS, points), features)
    ]
    # Points as they are read and in double precision, and a block of their distances.
    host = max(
        2 * FLOAT * points * features + DOUBLE * min(POINTS, points) * (2 * features + POINTS)
        for points, features in clouds
    )
    work += [samples_read(points * features) for points, features in clouds]
    work += [results_read(READ, len(clouds)), results_written(WRITTEN)]
    return Bill(ESTIMATING, tuple(work), host=host)


def _cloud(maker: Job | None) -> tuple[int, int]:
    """How many points a study has that no student has seen, and of how many numbers."""
    match maker.settings if maker else None:
        case PoolStep(size=size, shape=shape):
            return size, prod(shape)
        case TeacherStep(teacher=TrainedTeacher() as teacher):
            return holding(teacher.images).images, prod(teacher.shape)
    raise LookupError("nothing says how many points there are")


def _estimates(member: Member, points: int, features: int) -> Iterator[tuple[Probe, float | int]]:
    """Levina and Bickel's by all neighbours and divisors, and scikit-dimension's."""
    rank = member.rank or min(features, IMAGES)
    cloud = DimensionProbe(
        kind="two_nn", points=points, features=features, clusters=member.clusters, rank=rank
    )
    nearest = {"kind": "levina_bickel", "neighbours": NEIGHBOURS}
    yield cloud.model_copy(update=nearest), float(DIVISORS * points)
    yield cloud, float(points)
