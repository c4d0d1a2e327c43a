"""Bills of students that were trained elsewhere."""

from math import prod

from lowd.cost.bill import NUMBERS, SCORES, Bill
from lowd.cost.files import FLOAT, store_bytes
from lowd.cost.probes import ScoreProbe
from lowd.cost.scores import features_of, samples_held, searched
from lowd.diffusion.evaluations import evaluations
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.external.assess import AssessStep
from lowd.kinds.external.memorise import MemoriseStep
from lowd.kinds.external.sample import SampleStep
from lowd.kinds.external.training_sets import TrainingSetsStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep


def training_sets_bill(job: Job, step: TrainingSetsStep, graph: Graph) -> Bill:
    """Points read and gathered, and looked for in the pool."""
    numbers = step.replicates * sum(step.samples) * prod(step.shape)
    pool = graph.nearest(job, PoolStep).drawn * prod(step.shape)
    return Bill(NUMBERS, host=3 * FLOAT * numbers + 2 * FLOAT * pool, disk=store_bytes(numbers))


def sample_bill(job: Job, step: SampleStep, graph: Graph) -> Bill:
    """What samples take on the disk; nothing says what networks of others compute."""
    students = len(step.samples) * step.replicates
    numbers = students * graph.nearest(job, NoiseStep).size * prod(step.shape)
    return Bill(
        NUMBERS,
        students=students,
        host=2 * FLOAT * numbers,
        disk=store_bytes(numbers),
        is_modelled=False,
    )


def memorise_bill(job: Job, step: MemoriseStep, graph: Graph) -> Bill:
    """Noises through the empirical denoisers of all training sets."""
    noise, sets = graph.nearest(job, NoiseStep), graph.nearest(job, TrainingSetsStep)
    features, cells = prod(noise.shape), len(sets.samples) * sets.replicates
    pairs = evaluations(step.sampler) * noise.size * sets.replicates * sum(sets.samples)
    numbers = cells * noise.size * features
    return Bill(
        NUMBERS,
        work=((ScoreProbe(kind="empirical", features=features), float(pairs)),),
        students=cells,
        # Weights from a product with every point, and their mean by another.
        flops=4.0 * pairs * features,
        host=2 * FLOAT * sets.replicates * sum(sets.samples) * features
        + 3 * FLOAT * numbers
        + 3 * 2**22,
        disk=store_bytes(numbers),
    )


def assess_bill(job: Job, step: AssessStep, graph: Graph) -> Bill:
    """Scores of all models and of the controls, as those of a transition study together."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    sets, models = graph.nearest(job, TrainingSetsStep), len(step.models)
    cells = len(sets.samples) * sets.replicates
    compared = models * (1 + (models - 1) / 2) + models * (sets.replicates - 1) / 2
    # GL, AuthPct and both sides of C_T; the spacing of the training set itself; the controls' GL.
    points = sets.replicates * sum(sets.samples)
    within = sets.replicates * sum(n**2 for n in sets.samples)
    near = (4 * models + 3) * noises * points + models * within
    return Bill(
        SCORES,
        work=(
            (ScoreProbe(kind="neighbour", features=features), float(near)),
            (ScoreProbe(kind="chance", features=features), float(compared * cells * noises**2)),
            (ScoreProbe(kind="frechet", features=features), float(models * cells * noises)),
        ),
        students=models * cells,
        host=samples_held(job, cells * (models + 1) * noises + points, features, graph)
        + searched(max(noises, sets.samples[-1]), sets.samples[-1]),
    )
