"""What one job asks of a machine, from its settings and those of the jobs that feed it.

Every step names the function that bills its jobs; those of steps that do little are here. A plan
counts the start alone of jobs whose size nothing says, and names their steps.
"""

from importlib import import_module
from math import prod

from lowd.base import Settings
from lowd.cost.bill import COMMAND, DRAWING, IMAGES, NUMBERS, SCORES, Bill
from lowd.cost.files import FLOAT, store_bytes
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.steps.noise import NoiseStep


def bill(job: Job, graph: Graph) -> Bill:
    """The bill of a job; of its start alone if what feeds it is unknown."""
    module, name = job.step.cost.split(":")
    known = getattr(import_module(f"lowd.{module}"), name)
    try:
        return known(job, job.settings, graph)
    except LookupError:
        return Bill(NUMBERS, is_modelled=False)


def noise_bill(job: Job, step: NoiseStep, graph: Graph) -> Bill:
    """Evaluation noises."""
    numbers = step.size * prod(step.shape)
    return Bill(NUMBERS, host=2 * FLOAT * numbers, disk=store_bytes(numbers))


def scores_bill(job: Job, step: Settings, graph: Graph) -> Bill:
    """Scores that are put together, or quick to compute."""
    return Bill(SCORES)


def figure_bill(job: Job, step: Settings, graph: Graph) -> Bill:
    """A drawing of results."""
    return Bill(DRAWING)


def sheet_bill(job: Job, step: Settings, graph: Graph) -> Bill:
    """A drawing of samples."""
    return Bill(IMAGES)


def command_bill(job: Job, step: Settings, graph: Graph) -> Bill:
    """What a command does before it could compute anything."""
    return Bill(COMMAND)
