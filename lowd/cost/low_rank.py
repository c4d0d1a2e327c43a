"""Bills of low-rank denoisers."""

from collections.abc import Sequence

from lowd.cost.bill import SCORES, Bill
from lowd.cost.probes import (
    LowRankProbe,
)
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.theory.recover import RecoverStep


def recover_bill(job: Job, step: RecoverStep, graph: Graph) -> Bill:
    """Low-rank denoisers, at a few N between which time is a straight line."""
    ends = sorted({step.samples[0], step.samples[-1]})
    weights = _trapezium(step.samples, ends)
    work = tuple(
        (
            LowRankProbe(
                dimension=step.dimension,
                clusters=step.clusters,
                rank=step.rank,
                points=n,
                trials=step.trials,
                training=step.training,
            ),
            step.training.steps * weight,
        )
        for n, weight in zip(ends, weights, strict=True)
    )
    problems = step.trials * step.training.restarts * step.clusters
    # Two products forward, and twice as many back.
    flops = 12.0 * problems * sum(step.samples) * step.dimension * step.clusters * step.rank
    return Bill(SCORES, work, step.trials * len(step.samples), flops * step.training.steps)


def _trapezium(values: Sequence[int], ends: Sequence[int]) -> list[float]:
    """How much each end counts, if a straight line through both is summed over the values."""
    if len(ends) == 1:
        return [float(len(values))]
    low, high = ends
    share = sum((value - low) / (high - low) for value in values)
    return [len(values) - share, share]
