"""What guidance asks of a machine."""

from math import prod

from lowd.cost.bill import LEARNING, NUMBERS, SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.labelled import classes_of, training_points
from lowd.cost.probes import (
    DenoiserProbe,
    FlowProbe,
    Mixture,
    Probe,
    ScoreProbe,
    StartProbe,
    TrainProbe,
)
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import denoiser_cost, step_cost
from lowd.diffusion.evaluations import evaluations
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.guidance.expect_guidance import (
    BUMPS,
    DIMENSION,
    OWN,
    PAIRS,
    RATIOS,
    SAMPLES,
    SPANS,
    STEPS,
    WEIGHTS,
    ExpectGuidanceStep,
)
from lowd.kinds.guidance.guide import GuideStep
from lowd.kinds.guidance.train_conditional import TrainConditionalStep
from lowd.steps.label_points import LabelPointsStep
from lowd.steps.noise import NoiseStep
from lowd.training.settings import EDMSettings

JUDGING = StartProbe(modules=(*SCORES.modules, "sklearn.svm"))
LINEAR = 4
"""References that are linear: of all parts, and of each of the three."""
PRODUCTS = 2.0
"""What a linear reference takes, in passes through a Gaussian's denoiser."""
GAUSSIAN = 0.3
"""What a Gaussian's denoiser takes of that of a mixture of one, for a few rows."""
VARIABLES = 70
"""Of the results."""
AIM = EDMSettings()


def train_conditional_bill(job: Job, step: TrainConditionalStep, graph: Graph) -> Bill:
    """A stack of students; vectors of classes add next to nothing to the plain networks."""
    shape, batch = graph.nearest(job, LabelPointsStep).shape, step.training.batch
    one = step_cost(AIM, step.model, shape, batch)
    probe = TrainProbe(
        model=step.model, aim=AIM, shape=shape, students=step.replicates, batch=batch
    )
    return Bill(
        LEARNING,
        work=((probe, step.training.steps),),
        students=step.replicates,
        flops=float(step.training.steps) * step.replicates * one.flops,
        device=1.5 * step.replicates * one.peak,
    )


def expect_guidance_bill(job: Job, step: ExpectGuidanceStep, graph: Graph) -> Bill:
    """Two denoisers an evaluation, of pairs of Gaussians and of bumps."""
    calls = 2 * (2 * STEPS - 1) * len(WEIGHTS)
    small = _exact(Mixture(clusters=1, rank=DIMENSION), (DIMENSION,), DIMENSION + 1)
    single = _exact(Mixture(clusters=1, rank=1), (1,), 2)
    bumps = _exact(Mixture(clusters=len(BUMPS), rank=2), (2,), SAMPLES)
    # Half of the spans' levels are guided, and the class has fewer bumps than all.
    share = 0.6 + OWN / len(BUMPS)
    return Bill(
        NUMBERS,
        work=(
            (small, GAUSSIAN * calls * PAIRS * (DIMENSION + 1)),
            (single, GAUSSIAN * calls * len(RATIOS) * 2),
            (bumps, share * 127 * len(WEIGHTS) * len(SPANS) * SAMPLES),
            results_written(10),
        ),
    )


def guide_bill(job: Job, step: GuideStep, graph: Graph) -> Bill:
    """Noises through students and five exact references, by every weight and interval."""
    noises = graph.nearest(job, NoiseStep).size
    points, trained = graph.nearest(job, LabelPointsStep), graph.nearest(job, TrainConditionalStep)
    shape, features = points.shape, prod(points.shape)
    learned = training_points(points)
    classes, ways = classes_of(job, graph), len(step.weights) + len(step.intervals)
    calls = float(evaluations(step.sampler) * ways)
    # Nothing is asked of what guidance pushes away from at γ = 0; intervals hold half the levels.
    pushed = evaluations(step.sampler) * (len(step.weights) - 1 + 0.5 * len(step.intervals))
    gaussian = _exact(Mixture(clusters=1, rank=features), shape, noises)
    mixture = _exact(Mixture(clusters=classes, rank=features), shape, noises)
    network = FlowProbe(
        model=trained.model, aim=AIM, shape=shape, students=trained.replicates, rows=noises
    )
    sets = ways * (LINEAR + 1 + trained.replicates)
    levels = step.sampler.steps + len(step.sigmas)
    work: tuple[tuple[Probe, float | int], ...] = (
        samples_read(noises * features),
        samples_read((learned + 1) * features),
        results_written(VARIABLES),
        (gaussian, PRODUCTS * (LINEAR * (calls + pushed) + calls) * noises),
        (mixture, float(pushed * noises)),
        (network, calls + pushed),
        (ScoreProbe(kind="singular", features=features), 2.0 * classes * levels),
        (ScoreProbe(kind="frechet", features=features), float(sets * (noises + learned))),
        (ScoreProbe(kind="neighbour", features=features), float(sets * noises * learned)),
    )
    one = denoiser_cost(AIM, trained.model, shape, noises)
    return Bill(
        JUDGING,
        work=work,
        students=trained.replicates,
        flops=(calls + pushed) * trained.replicates * one.flops,
        host=2.0 * DOUBLE * sets * noises * features + FLOAT * learned * features,
        device=float(trained.replicates * one.peak),
    )


def _exact(mixture: Mixture, shape: tuple[int, ...], rows: int) -> Probe:
    return DenoiserProbe(kind="value", model=mixture, aim=AIM, shape=shape, rows=rows)
