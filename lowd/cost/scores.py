"""Bills of what compares samples."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import (
    Probe,
    ScoreProbe,
)
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.metrics.settings import NearestRule, UnrelatedRule
from lowd.steps.describe import ROWS, DescribeStep
from lowd.steps.describe_fixed import FixedStep, Q
from lowd.steps.embed import EmbedStep
from lowd.steps.pool import PoolStep

SSCD = 512
"""Features of the published networks, which a file does not say before it is loaded."""
SIDE = 4096
"""Samples on a side of the block of distances that a search for neighbours holds."""


def features_of(job: Job, graph: Graph) -> int:
    """Numbers of a descriptor: as many as a sample has, if no network gives them."""
    try:
        network = graph.nearest(job, EmbedStep).descriptor
    except LookupError:
        return prod(graph.nearest(job, PoolStep).shape)
    return getattr(network, "features", SSCD)


def searched(query: int, reference: int) -> float:
    """Bytes of the distances that a search for neighbours holds, twice."""
    return 2.0 * DOUBLE * min(query, SIDE) * min(reference, SIDE)


def describe_bill(job: Job, step: DescribeStep, graph: Graph) -> Bill:
    """Descriptor, threshold and quality of the teacher."""
    features, pool = features_of(job, graph), graph.nearest(job, PoolStep)
    rows = min(ROWS, pool.reference)
    if isinstance(step.threshold, NearestRule):
        probe: Probe = ScoreProbe(kind="neighbour", features=features)
        pairs = rows * step.largest
        held = searched(rows, step.largest)
    else:
        probe, pairs = ScoreProbe(kind="chance", features=features), rows * rows
        # A product and its upper half, gathered and sorted, as `unrelated_quantile` says.
        held = 2.0 * DOUBLE * rows * rows
    return Bill(SCORES, ((probe, float(pairs)),), host=3 * FLOAT * pool.drawn * features + held)


def fixed_bill(job: Job, step: FixedStep, graph: Graph) -> Bill:
    """The same, with what unrelated samples have."""
    rule = UnrelatedRule(unrelated=Q)
    by_rule = DescribeStep(descriptor=step.descriptor, threshold=rule, largest=step.largest)
    return describe_bill(job, by_rule, graph)


def samples_held(job: Job, samples: int, features: int, graph: Graph) -> float:
    """Bytes of samples and of the pool, as they are read and as descriptors."""
    return 2.0 * FLOAT * (samples + graph.nearest(job, PoolStep).drawn) * features
