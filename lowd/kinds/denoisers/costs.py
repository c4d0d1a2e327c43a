"""Bills of a network beside exact denoisers."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import DenoiserProbe, FitProbe, Mixture, Probe, ScoreProbe, StartProbe
from lowd.cost.sources import shares
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import denoiser_cost
from lowd.cost.teachers import Network, row_flops
from lowd.diffusion.evaluations import evaluations
from lowd.distributions.fitting import STARTS
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.denoisers.contrast import SIGMAS, ContrastStep
from lowd.sources.settings import TrainedTeacher
from lowd.steps.generation import BATCH_VALUES
from lowd.steps.noise import NoiseStep
from lowd.steps.teacher import TeacherStep
from lowd.training.settings import EDMSettings

FITTING = StartProbe(modules=(*SCORES.modules, "sklearn.mixture"))
PAIRS = 3
"""Of three denoisers."""
VARIABLES = 12
"""Of the results."""


def contrast_bill(job: Job, step: ContrastStep, graph: Graph) -> Bill:
    """A mixture fitted; noises through three denoisers, and held-out images at every σ.

    Raises LookupError unless the teacher is a network that learned from images.
    """
    teacher, noises = graph.nearest(job, TeacherStep).teacher, graph.nearest(job, NoiseStep).size
    if not isinstance(teacher, TrainedTeacher):
        raise LookupError(f"a {teacher.kind} teacher has no images to fit a mixture to")
    training, held_out = shares(teacher)
    shape, features, aim = teacher.shape, prod(teacher.shape), EDMSettings()
    rows = max(1, min(noises, BATCH_VALUES // features))
    count = float(evaluations(step.sampler) * noises + len(SIGMAS) * held_out)
    mixture = Mixture(clusters=step.mixture.clusters, rank=step.mixture.rank)

    def values(model: Network) -> Probe:
        return DenoiserProbe(kind="value", model=model, aim=aim, shape=shape, rows=rows)

    fit = FitProbe(features=features, clusters=mixture.clusters, points=training)
    cost = denoiser_cost(aim, teacher.model, shape, 1)
    wide = max(rows, held_out)
    return Bill(
        FITTING,
        work=(
            samples_read((training + held_out) * features),
            results_written(VARIABLES),
            (fit, STARTS),
            (values(teacher.model), count),
            (values(mixture), count),
            # One cluster of full rank, of whose three products a Gaussian's denoiser has two.
            (values(Mixture(clusters=1, rank=features)), count * 2 / 3),
            (ScoreProbe(kind="chance", features=features), float(PAIRS * noises**2)),
        ),
        flops=count * (cost.flops + row_flops(mixture, aim, shape) + 4 * features**2),
        host=(FLOAT + 2 * DOUBLE) * (training + held_out) * features
        # Covariances, their factors and bases.
        + 4 * DOUBLE * mixture.clusters * features**2
        # A network at all held-out images at once; or a mixture.
        + wide * max(cost.peak, 4 * DOUBLE * mixture.clusters * mixture.rank),
    )
