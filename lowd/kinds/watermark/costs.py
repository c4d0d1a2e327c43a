"""Bills of watermarks."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.networks import KEPT
from lowd.cost.probes import DenoiserProbe, Mixture, Probe, ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import step_cost
from lowd.cost.teachers import network_of, row_flops
from lowd.diffusion.passage import BATCH_VALUES
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.watermark.directions import POINTS
from lowd.kinds.watermark.imprint_step import OF_JACOBIANS, TREE_RING, ImprintStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.training.settings import EDMSettings

VARIABLES = 36
"""Of the results."""
TRIALS = 3.5
"""Of a strength, about, until an image has the PSNR asked for."""
DECOMPOSITIONS = 8.0
"""Of a Jacobian, in singular values of such a matrix in single precision: with vectors, in double,
and its part in the mean of JᵀJ."""


def imprint_bill(job: Job, step: ImprintStep, graph: Graph) -> Bill:
    """Jacobians of images, and flows down with keys and up after every attack.

    Raises LookupError if the teacher's network is not known.
    """
    aim, pool = EDMSettings(), graph.nearest(job, PoolStep)
    model, size = network_of(graph.nearest(job, TeacherStep).teacher), prod(pool.shape)
    rows = max(1, min(step.images, BATCH_VALUES // size))

    def probe(kind: str, together: int) -> DenoiserProbe:
        return DenoiserProbe.model_validate(
            {"kind": kind, "model": model, "aim": aim, "shape": pool.shape, "rows": together}
        )

    work: list[tuple[Probe, float | int]] = [
        samples_read(pool.size * size),
        results_written(VARIABLES),
        (probe("value", rows), evaluations(step)),
    ]
    if points := jacobians(step):
        work.append((probe("transposed", size), float(points * size)))
        work.append((ScoreProbe(kind="singular", features=size), DECOMPOSITIONS * points))
    if isinstance(model, Mixture):
        peak = 4.0 * DOUBLE * size * size
    else:
        peak = KEPT * step_cost(aim, model, pool.shape, size).peak
    return Bill(
        SCORES,
        work=tuple(work),
        flops=row_flops(model, aim, pool.shape) * (evaluations(step) + 3 * jacobians(step) * size),
        host=peak + (FLOAT + DOUBLE) * pool.size * size + 2 * DOUBLE * step.images * size**2,
    )


def jacobians(step: ImprintStep) -> int:
    """How many are taken."""
    if not set(OF_JACOBIANS) & set(step.directions):
        return 0
    return len(step.scenarios) * len(step.sigmas) * (step.images + POINTS)


def evaluations(step: ImprintStep) -> float:
    """Noisy images whose denoised ones are asked for."""
    up, down, along = 2 * step.steps, 2 * step.steps + 1, 2 * step.sampler.steps
    attacks, images, clean = 1 + len(step.attacks), step.images, step.clean
    in_pixels = sum("pixels" in name for name in step.directions)
    in_states = len(step.directions) - in_pixels
    rings = [name for name in step.rings if name != TREE_RING]
    look = attacks * (up + 1)
    cell = images * (
        down + in_states * (TRIALS * down + 2 + look) + in_pixels * attacks
        # Rings are written once.
        + len(rings) * (down + 2 + look)
    )  # fmt: skip
    cell += clean * (look * (in_states + len(rings) > 0) + attacks * (in_pixels > 0))
    hosts = images * sum(along if name == "server" else up for name in step.scenarios)
    total = len(step.sigmas) * (len(step.scenarios) * cell + hosts)
    if TREE_RING in step.rings and "server" in step.scenarios:
        total += images * (along + down + 2) + (images + clean) * attacks * (2 * up + 1)
    return float(total)
