"""What one job asks of a machine, from its settings and those of the jobs that feed it.

A new step needs a case in `_bill`; until it has one, a plan counts its start alone and names it.
"""

from math import prod

from lowd.cost.bill import COMMAND, DRAWING, IMAGES, NUMBERS, SCORES, Bill
from lowd.cost.copies import copies_bill, described
from lowd.cost.files import FLOAT, store_bytes
from lowd.cost.low_rank import recover_bill
from lowd.cost.networks import gather_bill, generate_bill, pool_bill, teacher_bill, train_bill
from lowd.cost.scores import controls_bill, describe_bill, follow_bill, score_bill
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.graph import Graph, Job
from lowd.sources.settings import (
    DiffusersTeacher,
    TrainedTeacher,
)
from lowd.steps.agree import AgreeStep
from lowd.steps.collect import CollectStep
from lowd.steps.controls import ControlsStep
from lowd.steps.decompose import DecomposeStep
from lowd.steps.describe import DescribeStep
from lowd.steps.descriptor import DescriptorStep
from lowd.steps.embed import EmbedStep
from lowd.steps.expect import ExpectStep
from lowd.steps.figure import FigureStep
from lowd.steps.follow import FollowStep
from lowd.steps.gather import GatherStep
from lowd.steps.generate import GenerateStep
from lowd.steps.manifest import ManifestStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pair import PairStep
from lowd.steps.pool import PoolStep
from lowd.steps.recover import RecoverStep
from lowd.steps.score import ScoreStep
from lowd.steps.sheet import SheetStep
from lowd.steps.tabulate import TabulateStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep


def bill(job: Job, graph: Graph) -> Bill:
    """The bill of a job; of its start alone if it is unknown, or what feeds it is."""
    try:
        return _bill(job, graph)
    except LookupError:
        return Bill(NUMBERS, is_modelled=False)


def _bill(job: Job, graph: Graph) -> Bill:
    match settings := job.settings:
        case TrainStep():
            return train_bill(settings, graph.nearest(job, PoolStep))
        case TeacherStep(teacher=TrainedTeacher() as teacher):
            return teacher_bill(teacher)
        case TeacherStep(teacher=made):
            return Bill(NUMBERS, is_modelled=not isinstance(made, DiffusersTeacher))
        case DescriptorStep(descriptor=TrainedSSCDSettings() as network):
            copies = 2 * network.steps * network.batch
            # Backward takes twice what forward does.
            return copies_bill(network, graph.nearest(job, TeacherStep), copies, passes=3)
        case EmbedStep(descriptor=TrainedSSCDSettings() as network):
            images = described(job, graph)
            return copies_bill(network, graph.nearest(job, TeacherStep), images, passes=1)
        case PoolStep():
            return pool_bill(settings, graph.nearest(job, TeacherStep))
        case NoiseStep():
            numbers = settings.size * prod(settings.shape)
            return Bill(NUMBERS, host=2 * FLOAT * numbers, disk=store_bytes(numbers))
        case GatherStep():
            return gather_bill(job, settings, graph)
        case GenerateStep():
            return generate_bill(job, settings, graph)
        case DescribeStep():
            return describe_bill(job, settings, graph)
        case ScoreStep():
            return score_bill(job, settings, graph)
        case ControlsStep():
            return controls_bill(job, settings, graph)
        case FollowStep():
            return follow_bill(job, settings, graph)
        case DecomposeStep() | CollectStep() | PairStep() | AgreeStep():
            return Bill(SCORES, is_modelled=not isinstance(settings, AgreeStep))
        case RecoverStep():
            return recover_bill(settings)
        case FigureStep():
            return Bill(DRAWING)
        case SheetStep():
            return Bill(IMAGES)
        case ManifestStep() | ExpectStep() | TabulateStep():
            return Bill(COMMAND)
    raise LookupError(f"no model of {job.step}")
