"""What scores of students and of controls ask of a machine."""

from lowd.cost.bill import SCORES, Bill
from lowd.cost.probes import ScoreProbe
from lowd.cost.scores import features_of, samples_held, searched
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.transition.controls import ControlsStep
from lowd.kinds.transition.score import ScoreStep
from lowd.steps.noise import NoiseStep


def score_bill(job: Job, step: ScoreStep, graph: Graph) -> Bill:
    """One model's scores."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    cells = len(step.samples) * step.replicates
    pairs = len(step.samples) * step.replicates * (step.replicates - 1) // 2
    compared = cells * (1 + len(step.others)) + pairs
    # GL twice, AuthPct, both sides of C_T and of what is nearer; the spacing of the training set
    # itself. Of metrics asked for nothing is known: each counts as one search of the training set.
    searches = 7 + len(step.metrics)
    near = sum(step.replicates * n * (searches * noises + n) for n in step.samples)
    return Bill(
        SCORES,
        work=(
            (ScoreProbe(kind="neighbour", features=features), float(near)),
            (ScoreProbe(kind="chance", features=features), float(compared * noises**2)),
            (ScoreProbe(kind="frechet", features=features), float(cells * noises)),
        ),
        students=cells,
        host=samples_held(job, cells * (2 + len(step.others)) * noises, features, graph)
        + searched(max(noises, step.samples[-1]), step.samples[-1]),
    )


def controls_bill(job: Job, step: ControlsStep, graph: Graph) -> Bill:
    """Scores of the controls."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    cells = len(step.samples) * step.replicates
    near = 3 * noises * step.replicates * sum(step.samples)
    return Bill(
        SCORES,
        work=((ScoreProbe(kind="neighbour", features=features), float(near)),),
        students=cells,
        host=samples_held(job, cells * noises, features, graph)
        + searched(noises, step.samples[-1]),
    )
