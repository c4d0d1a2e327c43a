"""Bills of what compares samples."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import (
    FlowProbe,
    Probe,
    ScoreProbe,
)
from lowd.cost.tally import denoiser_cost
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.dynamics.follow import GROUP, LEVELS, POINTS, FollowStep
from lowd.kinds.transition.controls import ControlsStep
from lowd.kinds.transition.score import ScoreStep
from lowd.metrics.settings import NearestRule
from lowd.steps.describe import ROWS, DescribeStep
from lowd.steps.embed import EmbedStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings

SSCD = 512
"""Features of the published networks, which a file does not say before it is loaded."""
SIDE = 4096
"""Samples on a side of the block of distances that a search for neighbours holds."""


def _features(job: Job, graph: Graph) -> int:
    """Numbers of a descriptor: as many as a sample has, if no network gives them."""
    try:
        network = graph.nearest(job, EmbedStep).descriptor
    except LookupError:
        return prod(graph.nearest(job, PoolStep).shape)
    return getattr(network, "features", SSCD)


def _searched(query: int, reference: int) -> float:
    """Bytes of the distances that a search for neighbours holds, twice."""
    return 2.0 * DOUBLE * min(query, SIDE) * min(reference, SIDE)


def describe_bill(job: Job, step: DescribeStep, graph: Graph) -> Bill:
    """Descriptor, threshold and quality of the teacher."""
    features, pool = _features(job, graph), graph.nearest(job, PoolStep).size
    rows = min(ROWS, pool)
    if isinstance(step.threshold, NearestRule):
        probe: Probe = ScoreProbe(kind="neighbour", features=features)
        pairs = rows * step.largest
        held = _searched(rows, step.largest)
    else:
        probe, pairs = ScoreProbe(kind="chance", features=features), rows * rows
        # A product and its upper half, gathered and sorted, as `unrelated_quantile` says.
        held = 2.0 * DOUBLE * rows * rows
    return Bill(SCORES, ((probe, float(pairs)),), host=3 * FLOAT * pool * features + held)


def score_bill(job: Job, step: ScoreStep, graph: Graph) -> Bill:
    """One model's scores."""
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    cells = len(step.samples) * step.replicates
    pairs = len(step.samples) * step.replicates * (step.replicates - 1) // 2
    compared = cells * (1 + len(step.others)) + pairs
    # GL, AuthPct and both sides of C_T; the spacing of the training set itself.
    near = sum(step.replicates * n * (4 * noises + n) for n in step.samples)
    return Bill(
        SCORES,
        work=(
            (ScoreProbe(kind="neighbour", features=features), float(near)),
            (ScoreProbe(kind="chance", features=features), float(compared * noises**2)),
            (ScoreProbe(kind="frechet", features=features), float(cells * noises)),
        ),
        students=cells,
        host=_read(job, cells * (2 + len(step.others)) * noises, features, graph)
        + _searched(max(noises, step.samples[-1]), step.samples[-1]),
    )


def controls_bill(job: Job, step: ControlsStep, graph: Graph) -> Bill:
    """Scores of the controls."""
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    cells = len(step.samples) * step.replicates
    near = 3 * noises * step.replicates * sum(step.samples)
    return Bill(
        SCORES,
        work=((ScoreProbe(kind="neighbour", features=features), float(near)),),
        students=cells,
        host=_read(job, cells * noises, features, graph) + _searched(noises, step.samples[-1]),
    )


def _read(job: Job, samples: int, features: int, graph: Graph) -> float:
    """Bytes of samples and of the pool, as they are read and as descriptors."""
    return 2.0 * FLOAT * (samples + graph.nearest(job, PoolStep).size) * features


def follow_bill(job: Job, step: FollowStep, graph: Graph) -> Bill:
    """Scores along training."""
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    shape = graph.nearest(job, PoolStep).shape
    snapshots = len(graph.nearest(job, TrainStep).snapshots) or 1
    sets = len(step.samples) * step.replicates
    cells = sets * snapshots * len(step.models)
    pairs = cells * (step.replicates - 1) // 2
    near = snapshots * len(step.models) * noises * step.replicates * sum(step.samples)
    rows = 2 * POINTS
    aim = EDMSettings()
    work: list[tuple[Probe, float | int]] = [
        (ScoreProbe(kind="neighbour", features=features), float(near)),
        (ScoreProbe(kind="chance", features=features), float(pairs * noises**2)),
    ]
    flops = 0.0
    for model in step.models.values():
        probe = FlowProbe(model=model, aim=aim, shape=shape, students=GROUP, rows=rows)
        work.append((probe, LEVELS * sets * snapshots / GROUP))
        cost = denoiser_cost(aim, model, shape, rows)
        flops += LEVELS * sets * snapshots * cost.flops
    host = _read(job, (cells // len(step.models) + sets) * noises, features, graph)
    return Bill(SCORES, tuple(work), cells, flops, host)
