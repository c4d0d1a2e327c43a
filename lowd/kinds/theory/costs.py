"""Bills of low-rank denoisers, trained or compared with what theory says of them."""

from collections.abc import Sequence

from lowd.cost.bill import NUMBERS, SCORES, Bill
from lowd.cost.files import DOUBLE
from lowd.cost.probes import EquivalenceProbe, LowRankProbe
from lowd.cost.stores import results_written
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.theory.equate import EquateStep
from lowd.kinds.theory.recover import RecoverStep

STARTS = 2
"""Bases that the equivalence is looked at with: random ones and half-learnt ones."""
VARIABLES = 8
"""Of the equivalence's results."""
ARRAYS = 8
"""Of points, noises and what comes of them, held at a time."""


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


def equate_bill(job: Job, step: EquateStep, graph: Graph) -> Bill:
    """Pairs of noises through denoisers of two kinds of bases, at every σ, by every weighting.

    Drawing problems takes far less, and is not counted.
    """
    measured = step.equivalence
    pairs = STARTS * len(measured.sigmas) * (measured.draws // 2)
    probes = [
        EquivalenceProbe(
            dimension=step.dimension,
            clusters=clusters,
            rank=measured.rank,
            samples=measured.samples,
            problems=measured.problems,
        )
        for clusters in step.clusters
    ]
    points = [measured.problems * clusters * measured.samples for clusters in step.clusters]
    columns = [clusters * measured.rank for clusters in step.clusters]
    # Of two noises a pair into coordinates and back; hard weights judge by clean points or noisy.
    passes = 2 * (3 + 3 + 2)
    flops = sum(2 * passes * n * step.dimension * k for n, k in zip(points, columns, strict=True))
    return Bill(
        NUMBERS,
        (*((probe, pairs) for probe in probes), results_written(VARIABLES)),
        flops=float(pairs * flops),
        host=ARRAYS * DOUBLE * max(points) * step.dimension,
    )


def _trapezium(values: Sequence[int], ends: Sequence[int]) -> list[float]:
    """How much each end counts, if a straight line through both is summed over the values."""
    if len(ends) == 1:
        return [float(len(values))]
    low, high = ends
    share = sum((value - low) / (high - low) for value in values)
    return [len(values) - share, share]
