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
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.sources.settings import (
    TrainedTeacher,
)
from lowd.steps.descriptor import DescriptorStep
from lowd.steps.embed import EmbedStep
from lowd.steps.generate import GenerateStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep


def descriptor_bill(job: Job, step: DescriptorStep, graph: Graph) -> Bill:
    """The training of a descriptor."""
    network = step.descriptor
    copies = 2 * network.steps * network.batch
    # Backward takes twice what forward does.
    return _copies_bill(network, graph.nearest(job, TeacherStep), copies, passes=3)


def embed_bill(job: Job, step: EmbedStep, graph: Graph) -> Bill:
    """Features of a store; raises LookupError unless its network is known."""
    if not isinstance(step.descriptor, TrainedSSCDSettings):
        raise LookupError(f"no model of a descriptor of kind {step.descriptor.kind}")
    images = described(job, graph)
    return _copies_bill(step.descriptor, graph.nearest(job, TeacherStep), images, passes=1)


def _copies_bill(network: TrainedSSCDSettings, step: TeacherStep, images: int, passes: int) -> Bill:
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
