"""Bills of networks that describe images."""

from dataclasses import replace
from math import prod

from lowd.cost.bill import LEARNING, SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT, store_bytes
from lowd.cost.networks import KEPT, generate_bill
from lowd.cost.probes import CopyProbe, ScoreProbe
from lowd.cost.sources import PUBLISHED, shares
from lowd.cost.stores import samples_read
from lowd.cost.tally import copy_cost
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.sources.settings import TrainedTeacher
from lowd.steps.appraise import IMAGES, AppraiseStep
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


def appraise_bill(job: Job, step: AppraiseStep, graph: Graph) -> Bill:
    """Images and a copy of each through the network, and all copies beside all images.

    Making the copies is not counted: it takes a tenth of what the smallest network does. Raises
    LookupError unless the network is known.
    """
    if not isinstance(step.descriptor, TrainedSSCDSettings):
        raise LookupError(f"no model of a descriptor of kind {step.descriptor.kind}")
    teacher = graph.nearest(job, TeacherStep)
    if isinstance(teacher.teacher, TrainedTeacher):
        learned_from, unseen = shares(teacher.teacher)
        stored = learned_from + unseen
    else:
        stored = graph.nearest(job, PoolStep).drawn
        unseen = graph.nearest(job, PoolStep).reference
    images = min(IMAGES, unseen)
    made = _copies_bill(step.descriptor, teacher, 2 * images, passes=1)
    beside = ScoreProbe(kind="chance", features=step.descriptor.features)
    numbers = stored * prod(teacher.teacher.shape)
    work = (*made.work, samples_read(numbers), (beside, float(images**2)))
    # Similarities, and what they are compared with; and all images of the store.
    held = 2 * DOUBLE * images**2 + FLOAT * numbers
    return replace(made, work=work, host=made.host + held, disk=0)


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
    """How many images are put through a network."""
    (path,) = job.inputs["images"]
    for one in graph.makers(job):
        if path not in one.outputs:
            continue
        match one.settings:
            case PoolStep() as pool:
                return pool.drawn
            case NoiseStep(size=size):
                return size
            case TeacherStep(teacher=TrainedTeacher() as teacher):
                return sum(shares(teacher))
            case GenerateStep() as step:
                made = generate_bill(one, step, graph)
                return max(1, made.students) * graph.nearest(one, NoiseStep).size
    raise LookupError("nothing says how many images there are")
