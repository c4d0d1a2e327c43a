"""What generations of students ask of a machine, besides their training and evaluation."""

from math import prod

from lowd.cost.bill import NUMBERS, SCORES, Bill
from lowd.cost.files import FLOAT, store_bytes
from lowd.cost.probes import FlowProbe, Probe, ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import denoiser_cost
from lowd.diffusion.evaluations import evaluations
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.collapse.breed import BreedStep, made
from lowd.kinds.collapse.modes import FIRST, Mode
from lowd.kinds.collapse.score_generations import ScoreGenerationsStep, stores
from lowd.steps.generation import BATCH_VALUES
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings

VARIABLES = 48
"""Of the results."""
SETUP = 64
"""Points that a memoriser takes the time of besides its own, to be set up at every level."""
SEARCHES = 5
"""For neighbours, of every sample among a training set: GL thrice, copies, the set's own."""


def breed_bill(job: Job, step: BreedStep, graph: Graph) -> Bill:
    """Students of the generation before, each through noises of its own; selection is quick."""
    pool = graph.nearest(job, PoolStep)
    features, cells = prod(pool.shape), len(step.samples) * step.replicates
    held = 2 * FLOAT * pool.size * features
    rows = step.replicates * sum(_rows(step, n) for n in step.samples)
    if not job.inputs.get("students") or step.mode is None:
        return Bill(NUMBERS, (samples_read(pool.size * features),), host=held)
    model, aim = graph.nearest(job, TrainStep).model, EDMSettings()
    work: list[tuple[Probe, float | int]] = [samples_read(pool.size * features)]
    flops = 0.0
    for n in step.samples:
        count = made(step.mode, n)
        side = max(1, min(count, BATCH_VALUES // (step.replicates * features)))
        calls = evaluations(step.sampler) * count / side
        work.append(
            (
                FlowProbe(
                    model=model, aim=aim, shape=pool.shape, students=step.replicates, rows=side
                ),
                calls,
            )
        )
        flops += calls * step.replicates * denoiser_cost(aim, model, pool.shape, side).flops
    numbers = rows * features
    return Bill(
        NUMBERS,
        tuple(work),
        students=cells,
        flops=flops,
        host=held + 4 * FLOAT * numbers,
        disk=store_bytes(numbers),
    )


def _rows(step: BreedStep, n: int) -> int:
    """All that a training set is chosen from."""
    match step.mode:
        case Mode(data="accumulate" | "subsample", candidates=candidates):
            return n + step.generation * candidates * n
        case Mode(data="replace", candidates=candidates):
            return candidates * n
    return n


def score_bill(job: Job, step: ScoreGenerationsStep, graph: Graph) -> Bill:
    """Memorisers of all training sets, and what compares samples with these."""
    noise, pool = graph.nearest(job, NoiseStep), graph.nearest(job, PoolStep)
    noises, features = noise.size, prod(noise.shape)
    each = stores(step)
    cells = len(each) * len(step.samples) * step.replicates
    points = sum(_points(mode, g, job, step, graph) for mode, g in each)
    pairs = float(noises * points)
    asked = evaluations(step.sampler) * (pairs + SETUP * cells * noises)
    samples = cells * noises * features
    return Bill(
        SCORES,
        work=(
            samples_read(pool.size * features),
            (samples_read(noises * features)[0], float(2 * len(each))),
            results_written(VARIABLES),
            (ScoreProbe(kind="empirical", features=features), asked),
            (ScoreProbe(kind="neighbour", features=features), SEARCHES * pairs),
        ),
        students=cells,
        flops=4.0 * evaluations(step.sampler) * pairs * features,
        host=2 * FLOAT * (pool.size * features + 2 * samples),
    )


def _points(mode: str, g: int, job: Job, step: ScoreGenerationsStep, graph: Graph) -> int:
    """Of the training sets of one generation of a mode."""
    each = step.replicates * sum(step.samples)
    if mode == FIRST:
        return each
    keeps = any(
        one.settings.mode is not None and one.settings.mode.data == "accumulate"
        for one in graph.makers(job)
        if isinstance(one.settings, BreedStep) and one.settings.name == mode
    )
    return each * (g + 1) if keeps else each
