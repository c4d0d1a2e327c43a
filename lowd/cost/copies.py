"""Bills of networks that describe images."""

from math import prod

from lowd.cost.bill import LEARNING, SCORES, Bill
from lowd.cost.files import FLOAT, store_bytes
from lowd.cost.networks import KEPT, PUBLISHED, generate_bill
from lowd.cost.probes import (
    CopyProbe,
)
from lowd.cost.tally import copy_cost
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.graph import Graph, Job
from lowd.sources.settings import (
    TrainedTeacher,
)
from lowd.steps.generate import GenerateStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep


def copies_bill(network: TrainedSSCDSettings, step: TeacherStep, images: int, passes: int) -> Bill:
    """Images through a small SSCD, forward alone or backward too."""
    channels, height, width = step.teacher.shape
    shape = (channels, height, width)
    learns = passes > 1
    source = step.teacher.images.source if isinstance(step.teacher, TrainedTeacher) else ""
    probe = CopyProbe(shape=shape, width=network.width, features=network.features, learns=learns)
    cost = copy_cost(shape, network.width, network.features, network.batch)
    copies = 2 * network.batch if learns else network.batch
    return Bill(
        LEARNING if learns else SCORES,
        # A unit of learning is an image of a batch, of which there are two copies.
        work=((probe, images / 2 if learns else images),),
        flops=passes * images * cost.flops / network.batch,
        host=2 * FLOAT * PUBLISHED.get(source, 0) * prod(shape)
        if learns
        else FLOAT * images * (prod(shape) + network.features),
        device=(KEPT * passes * copies / network.batch) * cost.peak,
        disk=0 if learns else store_bytes(images * network.features),
    )


def described(job: Job, graph: Graph) -> int:
    """How many images are put through a network; of a teacher's own, none is known of."""
    (path,) = job.inputs["images"]
    for one in graph.makers(job):
        if path not in one.outputs:
            continue
        match one.settings:
            case PoolStep(size=size) | NoiseStep(size=size):
                return size
            case GenerateStep() as step:
                made = generate_bill(one, step, graph)
                return max(1, made.students) * graph.nearest(one, NoiseStep).size
    raise LookupError("nothing says how many images there are")
