"""Bills of kinds of generative models that start from the same noises."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.probes import ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.families.agree_step import DRAWS, SHIFTS, AgreeStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep

STUDENTS = 4
"""Of every member: two training sets, two seeds each."""
VARIABLES = 33
"""Of the results."""


def agree_bill(job: Job, step: AgreeStep, graph: Graph) -> Bill:
    """Pairs of students side by side, each as it is and with the noises of one shifted.

    Every two members are paired on shared and on disjoint data. Besides, each student has a
    Fréchet distance and its nearest training image looked for.
    """
    noise, pool = graph.nearest(job, NoiseStep), graph.nearest(job, PoolStep)
    noises, features = noise.size, prod(noise.shape)
    students = STUDENTS * len(step.members)
    pairings = 2 * STUDENTS * len(step.members) ** 2 * (1 + min(SHIFTS, noises - 1))
    near = (students + 1) * noises * step.samples
    numbers = students * noises * features
    return Bill(
        SCORES,
        work=(
            *(samples_read(STUDENTS * noises * features) for _ in step.members),
            samples_read(pool.drawn * features),
            results_written(VARIABLES),
            (ScoreProbe(kind="alike", features=features), float(pairings * noises)),
            (ScoreProbe(kind="frechet", features=features), float((students + 1) * noises)),
            (ScoreProbe(kind="neighbour", features=features), float(near)),
        ),
        students=students,
        # Images, the same in levels of grey, and features; then a bootstrap's draws.
        host=(2 * FLOAT + DOUBLE) * numbers
        + 2 * FLOAT * pool.drawn * features
        + 2 * DOUBLE * DRAWS * noises,
    )
