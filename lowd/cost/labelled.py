"""Bills of points with their classes."""

from math import prod

from lowd.cost.bill import NUMBERS, Bill
from lowd.cost.files import DOUBLE
from lowd.cost.images import BUNDLED
from lowd.cost.sources import holding
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.steps.label_points import LabelPointsStep
from lowd.steps.teacher import TeacherStep

CLASSES = 10
"""Of digits."""


def label_points_bill(job: Job, step: LabelPointsStep, graph: Graph) -> Bill:
    """Images read, or points drawn; and their classes' Gaussians."""
    start = NUMBERS if step.images is None else BUNDLED
    return Bill(start, host=4.0 * DOUBLE * labelled_points(step) * prod(step.shape))


def labelled_points(step: LabelPointsStep) -> int:
    """How many there are; raises LookupError if nothing says so."""
    if step.images is not None:
        return holding(step.images).images
    return step.size or 0


def classes_of(job: Job, graph: Graph) -> int:
    """Of a mixture its clusters; of digits ten, which a folder is taken to have too."""
    try:
        return int(getattr(graph.nearest(job, TeacherStep).teacher, "clusters", CLASSES))
    except LookupError:
        return CLASSES


def training_points(step: LabelPointsStep) -> int:
    """How many of them are learned from."""
    every = labelled_points(step)
    return every - int(every * step.held_out)
