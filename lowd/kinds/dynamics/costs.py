"""What scores along training ask of a machine."""

from lowd.cost.bill import SCORES, Bill
from lowd.cost.probes import FlowProbe, Probe, ScoreProbe
from lowd.cost.scores import features_of, samples_held
from lowd.cost.stores import results_read, results_written, samples_read
from lowd.cost.tally import denoiser_cost
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.dynamics.find_turns import FindTurnsStep
from lowd.kinds.dynamics.follow import GROUP, LEVELS, POINTS, FollowStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings

SEARCHES = 2
"""For neighbours: of copies two are named."""
FOLLOWED, FOUND = 23, 67
"""Variables of scores along training, and of these with what they say."""


def follow_bill(job: Job, step: FollowStep, graph: Graph) -> Bill:
    """Scores along training."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    shape = graph.nearest(job, PoolStep).shape
    snapshots = len(graph.nearest(job, TrainStep).snapshots) or 1
    sets = len(step.samples) * step.replicates
    cells = sets * snapshots * len(step.models)
    pairs = cells * (step.replicates - 1) // 2
    near = snapshots * len(step.models) * noises * step.replicates * sum(step.samples)
    rows = 2 * POINTS
    aim = EDMSettings()
    work: list[tuple[Probe, float | int]] = [
        (ScoreProbe(kind="neighbour", features=features), float(near)),
        (ScoreProbe(kind="chance", features=features), float(pairs * noises**2)),
    ]
    flops = 0.0
    for model in step.models.values():
        probe = FlowProbe(model=model, aim=aim, shape=shape, students=GROUP, rows=rows)
        work.append((probe, LEVELS * sets * snapshots / GROUP))
        cost = denoiser_cost(aim, model, shape, rows)
        flops += LEVELS * sets * snapshots * cost.flops
    host = samples_held(job, (cells // len(step.models) + sets) * noises, features, graph)
    return Bill(SCORES, tuple(work), cells, flops, host)


def find_turns_bill(job: Job, step: FindTurnsStep, graph: Graph) -> Bill:
    """Copies among all samples; the rest is what reading and writing takes."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    snapshots = len(graph.nearest(job, TrainStep).snapshots) or 1
    models = len(job.inputs["generated"])
    cells = snapshots * step.replicates * len(step.samples)
    numbers = cells * noises * features
    work: list[tuple[Probe, float | int]] = [
        (samples_read(numbers)[0], float(models)),
        samples_read(graph.nearest(job, PoolStep).size * features),
        results_read(FOLLOWED, 1),
        results_written(FOUND),
    ]
    if step.times is not None:
        pairs = models * snapshots * noises * step.replicates * sum(step.samples)
        work.append((ScoreProbe(kind="neighbour", features=features), float(SEARCHES * pairs)))
    host = samples_held(job, 3 * cells * noises, features, graph)
    return Bill(SCORES, tuple(work), models * cells, host=host)
