"""The bill of memorisation, convergence and recovery."""

from math import ceil, prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE
from lowd.cost.probes import DenoiserProbe, Mixture, Probe, ScoreProbe, StartProbe
from lowd.cost.scores import samples_held
from lowd.cost.stores import results_written, samples_read
from lowd.diffusion.evaluations import evaluations
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.recovery.measure_overlaps import OverlapsStep
from lowd.metrics.overlaps import BLOCKS
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.training.settings import EDMSettings

# Parameters are counted of networks without numbers, whose operations are loaded then.
MEASURING = StartProbe(
    modules=(*SCORES.modules, "torch._refs", "scipy.optimize", "lowd.steps.teachers.gaussian")
)
VARIABLES = 41
"""Of the results."""


def measure_overlaps_bill(job: Job, step: OverlapsStep, graph: Graph) -> Bill:
    """Noises through linear students, cosines with training sets, and spectra of samples."""
    noises, pool = graph.nearest(job, NoiseStep).size, graph.nearest(job, PoolStep)
    features, models = prod(step.shape), len(step.models) + 1
    cells = len(step.samples) * step.replicates
    linear = DenoiserProbe(
        kind="value",
        model=Mixture(clusters=1, rank=ceil(2 * features / 3)),
        aim=EDMSettings(),
        shape=step.shape,
        rows=noises,
    )
    # Points and their opposites, of the own set and of another; of empirical denoisers too.
    pairs = 4.0 * (models + 1) * noises * step.replicates * sum(step.samples)
    work: tuple[tuple[Probe, float | int], ...] = (
        (linear, cells * noises * evaluations(step.sampler)),
        (ScoreProbe(kind="chance", features=features), pairs),
        (ScoreProbe(kind="frechet", features=features), models * cells * (BLOCKS + 1) * noises),
        samples_read(pool.drawn * features),
        *[samples_read(cells * noises * features)] * models,
        results_written(VARIABLES),
    )
    held = samples_held(job, (models + 1) * cells * noises, features, graph)
    return Bill(
        MEASURING, work, models * cells, host=held + 2 * DOUBLE * noises * step.samples[-1] * 2
    )
