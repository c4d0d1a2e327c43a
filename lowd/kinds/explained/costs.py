"""The bill of closed-form students."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import (
    DenoiserProbe,
    FitProbe,
    FlowProbe,
    Mixture,
    Probe,
    ScoreProbe,
    StartProbe,
)
from lowd.cost.stores import results_written, samples_read
from lowd.diffusion.evaluations import evaluations
from lowd.distributions.fitting import STARTS
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.explained.explain import ExplainStep
from lowd.kinds.explained.theories import FITTED, PER_CLUSTER, sides_tried
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.training.settings import EDMSettings

EXPLAINING = StartProbe(modules=(*SCORES.modules, "sklearn.mixture", "torch._refs"))
EDM = EDMSettings()
ASKED = DenoiserProbe(
    kind="value", model=Mixture(clusters=1, rank=1), aim=EDM, shape=(1, 2, 2), rows=1
)
"""What an exact denoiser of few points takes to be asked at all, a row of one such."""
VARIABLES = 12
"""Of the results."""


def explain_bill(job: Job, step: ExplainStep, graph: Graph) -> Bill:
    """Windows chosen for every student, and noises through every theory."""
    pool = graph.nearest(job, PoolStep)
    shape, pixels = pool.shape, prod(pool.shape[-2:])
    features, models = prod(shape), len(step.models)
    points = float(step.replicates * sum(step.samples))
    sets, calls = step.replicates * len(step.samples), evaluations(step.sampler)
    tried = sides_tried(shape)
    # A pixel's window is a set of points of its own, of as many numbers as the window has.
    around = ScoreProbe(kind="empirical", features=max(1, features // 3))
    fits = models * step.sampler.steps * len(tried) * pixels
    chosen = fits * FITTED * points
    sampled = (models + 1) * calls * step.noises * pixels * points
    # Of every pixel's neighbourhood a denoiser is made, and asked.
    asked = 2 * sets * (fits + (models + 1) * calls * pixels)
    near = [n for n in step.samples if n <= step.equivariant]
    anywhere = models * calls * step.noises * pixels**2 * float(step.replicates * sum(near))
    work: list[tuple[Probe, float | int]] = [
        (around, chosen + sampled),
        (ASKED, asked),
        (ScoreProbe(kind="empirical", features=features), anywhere),
        (_gaussian(features, shape), sets * calls * step.noises * 2 / 3),
        samples_read(pool.size * features),
        results_written(VARIABLES),
    ]
    for model in step.models.values():
        probe = FlowProbe(model=model, aim=EDM, shape=shape, students=1, rows=FITTED)
        work.append((probe, sets * step.sampler.steps))
    if step.mixture is not None:
        for n in step.samples:
            if n >= PER_CLUSTER * step.mixture.clusters:
                fit = FitProbe(features=features, clusters=step.mixture.clusters, points=n)
                work.append((fit, STARTS * step.replicates))
    noises = graph.nearest(job, NoiseStep).size
    held = (models + 1) * len(step.samples) * step.replicates * noises + 2 * pool.size
    return Bill(EXPLAINING, tuple(work), models * sets, host=(FLOAT + DOUBLE) * held * features)


def _gaussian(features: int, shape: tuple[int, ...]) -> DenoiserProbe:
    """One cluster of full rank, of whose three products a Gaussian's denoiser has two."""
    model = Mixture(clusters=1, rank=features)
    return DenoiserProbe(kind="value", model=model, aim=EDM, shape=shape, rows=FITTED)
