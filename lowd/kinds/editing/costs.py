"""Bills of edits."""

from collections.abc import Iterator
from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.networks import KEPT
from lowd.cost.probes import DenoiserProbe, FitProbe, Mixture, Probe, ScoreProbe, StartProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import step_cost
from lowd.cost.teachers import Network, network_of, row_flops
from lowd.distributions.fitting import STARTS
from lowd.geometry.dense import DENSE
from lowd.geometry.local import SEARCHED
from lowd.geometry.subspaces import AT_ONCE
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.editing.directions import names
from lowd.kinds.editing.measure_edits_step import MeasureEditsStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.training.settings import EDMSettings

FITTING = StartProbe(modules=(*SCORES.modules, "sklearn.mixture"))
VARIABLES = 60
"""Of the results."""
DECOMPOSITIONS = 18.0
"""Of a place's Jacobians, in singular values of a square matrix in single precision: nine, most
with vectors and all in double."""
ITERATIONS = 40
"""Of a search by products, about."""
SEARCHES = 9
"""Subspaces that are searched for at a place where Jacobians are not held."""


def edits_bill(job: Job, step: MeasureEditsStep, graph: Graph) -> Bill:
    """Jacobians of all images at every place, and flows up and down along every direction.

    Raises LookupError if the teacher's network is not known.
    """
    aim, size = EDMSettings(), prod(step.shape)
    pool, noise = graph.nearest(job, PoolStep), graph.nearest(job, NoiseStep)
    denoisers = [network_of(graph.nearest(job, TeacherStep).teacher)]
    work: list[tuple[Probe, float | int]] = [
        samples_read(pool.size * size),
        samples_read(noise.size * size),
        results_written(VARIABLES),
    ]
    if step.mixture is not None:
        fitted = Mixture(clusters=step.mixture.clusters, rank=step.mixture.rank)
        denoisers.append(fitted)
        fit = FitProbe(features=size, clusters=fitted.clusters, points=pool.size)
        work.append((fit, STARTS))
    flops = 0.0
    for model in denoisers:
        work += _of_denoiser(step, model, aim)
        flops += evaluations(step) * row_flops(model, aim, step.shape)
    places = len(denoisers) * len(step.starts) * len(step.sigmas)
    if size <= DENSE:
        singular = ScoreProbe(kind="singular", features=size)
        work.append((singular, DECOMPOSITIONS * places * step.images))
    return Bill(
        FITTING,
        work=tuple(work),
        flops=flops,
        host=max(_held(step, model, aim) for model in denoisers)
        + (FLOAT + 2 * DOUBLE) * pool.size * size,
    )


def evaluations(step: MeasureEditsStep) -> int:
    """Noisy images whose denoised ones are asked for, of one denoiser."""
    up = 2 * step.sampler.steps
    end, strengths = up + 1, len(step.strengths)
    each = strengths + 2 * strengths * end
    # The state itself; then edits together, with an inversion, and two carried ones.
    once = up + 1 + end + (3 + 2) * end + up + 4 * end
    places = len(step.starts) * len(step.sigmas)
    return places * step.images * (once + len(names(step)) * each)


def _of_denoiser(
    step: MeasureEditsStep, model: Network, aim: EDMSettings
) -> Iterator[tuple[Probe, float | int]]:
    size = prod(step.shape)
    points = len(step.starts) * len(step.sigmas) * step.images
    rows = 2 * len(step.strengths) * step.images

    def probe(kind: str, together: int) -> DenoiserProbe:
        return DenoiserProbe.model_validate(
            {"kind": kind, "model": model, "aim": aim, "shape": step.shape, "rows": together}
        )

    yield probe("value", rows), evaluations(step)
    if size <= DENSE:
        yield probe("transposed", size), points * size
        return
    rank = max(step.singular[-1], step.protect[-1], SEARCHED)
    for kind in ("forward", "transposed"):
        yield probe(kind, AT_ONCE), points * SEARCHES * ITERATIONS * rank


def _held(step: MeasureEditsStep, model: Network, aim: EDMSettings) -> float | int:
    """Bytes of one point's pass, and of all points' Jacobians."""
    size = prod(step.shape)
    rows = size if size <= DENSE else AT_ONCE
    jacobians = 6 * DOUBLE * step.images * size**2 if size <= DENSE else 0
    if isinstance(model, Mixture):
        return jacobians + 4 * DOUBLE * rows * size
    return jacobians + KEPT * step_cost(aim, model, step.shape, rows).peak
