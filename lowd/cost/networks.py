"""Bills of training students and teachers, and of sampling them."""

from dataclasses import replace
from math import ceil, prod

from lowd.cost.bill import LEARNING, NUMBERS, Bill
from lowd.cost.files import DOUBLE, FLOAT, checkpoint_bytes, store_bytes
from lowd.cost.probes import (
    FlowProbe,
    ScoreProbe,
    TrainProbe,
)
from lowd.cost.sources import PUBLISHED
from lowd.cost.tally import Shape, denoiser_cost, parameter_shapes, step_cost
from lowd.cost.teachers import network_of, row_flops
from lowd.diffusion.evaluations import evaluations
from lowd.diffusion.settings import SamplerSettings
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.models.settings import ModelSettings
from lowd.sources.settings import (
    DiffusersTeacher,
    ExactTeacher,
    TrainedTeacher,
)
from lowd.steps.gather import GatherStep
from lowd.steps.generate import GROUP, GenerateStep
from lowd.steps.generation import BATCH_VALUES
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep, stack_size
from lowd.training.compute import ComputeSettings
from lowd.training.settings import BLOCK, EDMSettings, ObjectiveSettings, TrainingSettings

STATES = 5
"""The solver's own arrays of a batch's size."""
KEPT = 1.5
"""Bytes that training holds for a byte of activations: libraries copy, and allocators keep."""


def students(step: TrainStep) -> int:
    """How many a job trains."""
    return len(step.samples) * step.replicates * (step.seeds or 1)


def train_bill(job: Job, step: TrainStep, graph: Graph) -> Bill:
    """A stack of students."""
    pool = graph.nearest(job, PoolStep)
    return stack_bill(step, pool.shape, pool.drawn, students(step))


def stack_bill(step: TrainStep, shape: Shape, points: int, count: int) -> Bill:
    """A stack of so many students; raises LookupError if nothing says what a network takes.

    Args:
        step: how they train, and the whole grid.
        shape: of a sample.
        points: of the pool.
        count: students of the grid that this stack trains.
    """
    aim = step.objective or EDMSettings()
    # Students of other kinds of step, which add settings, are not filled up.
    stack = stack_size(step, count) if type(step) is TrainStep else count
    snapshots = len(step.snapshots)
    made = _training(step.model, aim, step.training, shape, stack, points, snapshots, step.compute)
    grid = [{"N": n, "replicate": r} for n in step.samples for r in range(step.replicates)] * (
        step.seeds or 1
    )
    kept = snapshots or 1
    blocks = ceil(step.training.steps / BLOCK)
    disk = checkpoint_bytes(
        len(grid) * kept, parameter_shapes(aim, step.model, shape), blocks, grid * kept
    )
    return replace(made, students=count, disk=disk)


def teacher_bill(job: Job, step: TeacherStep, graph: Graph) -> Bill:
    """A teacher; one that learns from images is trained."""
    teacher = step.teacher
    if not isinstance(teacher, TrainedTeacher):
        return Bill(NUMBERS, is_modelled=not isinstance(teacher, DiffusersTeacher))
    aim = EDMSettings()
    images = PUBLISHED.get(teacher.images.source, 0)
    made = _training(teacher.model, aim, teacher.training, teacher.shape, 1, images, 0)
    parameters = parameter_shapes(aim, teacher.model, teacher.shape)
    blocks = ceil(teacher.training.steps / BLOCK)
    cell = [{"N": 0, "replicate": 0}]
    return replace(made, disk=checkpoint_bytes(1, parameters, blocks, cell))


def _training(
    model: ModelSettings,
    aim: ObjectiveSettings,
    training: TrainingSettings,
    shape: Shape,
    stack: int,
    pool: int,
    snapshots: int,
    compute: ComputeSettings | None = None,
) -> Bill:
    step = step_cost(aim, model, shape, training.batch)
    weights = FLOAT * sum(map(prod, parameter_shapes(aim, model, shape)))
    # A block is drawn while the one before it is still held.
    blocks = min(2, ceil(training.steps / BLOCK))
    drawn = blocks * BLOCK * training.batch * (FLOAT * prod(shape) + FLOAT + DOUBLE)
    # Weights, average and both moments; what goes into a file is copied, when gradients are gone.
    held = 4 * weights
    saved = held + 2 * snapshots * weights
    return Bill(
        LEARNING,
        work=(
            (
                TrainProbe(
                    model=model,
                    aim=aim,
                    shape=shape,
                    students=stack,
                    batch=training.batch,
                    compute=compute,
                ),
                training.steps,
            ),
        ),
        students=stack,
        flops=float(training.steps) * stack * step.flops,
        host=2 * FLOAT * pool * prod(shape)
        + stack * (drawn + snapshots * weights + max(0, saved - step.peak)),
        device=stack * (held + KEPT * step.peak),
    )


def _flow(
    model: ModelSettings,
    aim: ObjectiveSettings,
    shape: Shape,
    stack: int,
    noises: int,
    sampler: SamplerSettings,
) -> Bill:
    """Noises through a stack, a few students at a time."""
    side = min(GROUP, stack)
    rows = max(1, min(noises, BATCH_VALUES // (side * prod(shape))))
    cost = denoiser_cost(aim, model, shape, rows)
    calls = evaluations(sampler) * (stack / side) * (noises / rows)
    weights = FLOAT * sum(map(prod, parameter_shapes(aim, model, shape)))
    samples = stack * noises * prod(shape)
    return Bill(
        NUMBERS,
        work=((FlowProbe(model=model, aim=aim, shape=shape, students=side, rows=rows), calls),),
        students=stack,
        flops=calls * side * cost.flops,
        # Groups of samples are held until they are one array, which is compressed.
        host=stack * weights + 2 * FLOAT * samples,
        device=side * (weights + cost.peak + STATES * DOUBLE * rows * prod(shape)),
        disk=store_bytes(samples),
    )


def pool_bill(job: Job, step: PoolStep, graph: Graph) -> Bill:
    """Samples of a teacher."""
    made = graph.nearest(job, TeacherStep).teacher
    numbers = step.drawn * prod(step.shape)
    if isinstance(made, TrainedTeacher) and step.sampler is not None:
        return replace(
            _flow(made.model, EDMSettings(), step.shape, 1, step.drawn, step.sampler), students=0
        )
    return Bill(
        NUMBERS,
        host=4 * FLOAT * numbers,
        disk=store_bytes(numbers),
        is_modelled=isinstance(made, ExactTeacher),
    )


def generate_bill(job: Job, step: GenerateStep, graph: Graph) -> Bill:
    """Noises through a teacher, students or empirical denoisers."""
    noise = graph.nearest(job, NoiseStep)
    features = prod(noise.shape)
    if job.inputs.get("students"):
        trained = graph.nearest(job, TrainStep)
        each = trained.replicates * (trained.seeds or 1) * (len(trained.snapshots) or 1)
        stack = len(_samples(job, trained, graph)) * each
        aim = trained.objective or EDMSettings()
        return _flow(trained.model, aim, noise.shape, stack, noise.size, step.sampler)
    calls = evaluations(step.sampler)
    if job.inputs.get("pool"):
        sets = step.replicates * len(step.samples)
        pairs = calls * noise.size * step.replicates * sum(step.samples)
        samples = sets * noise.size * features
        pool = graph.nearest(job, PoolStep)
        return Bill(
            NUMBERS,
            work=((ScoreProbe(kind="empirical", features=features), pairs),),
            students=sets,
            # Weights from a product with every point, and their mean by another.
            flops=4.0 * pairs * features,
            host=2 * FLOAT * pool.drawn * features + 3 * FLOAT * samples + 3 * 2**22,
            disk=store_bytes(samples),
        )
    teacher = graph.nearest(job, TeacherStep).teacher
    if isinstance(teacher, TrainedTeacher):
        made = _flow(teacher.model, EDMSettings(), noise.shape, 1, noise.size, step.sampler)
        return replace(made, students=0)
    is_exact = isinstance(teacher, ExactTeacher)
    once = row_flops(network_of(teacher), EDMSettings(), noise.shape) if is_exact else 0.0
    return Bill(
        NUMBERS,
        flops=calls * noise.size * once,
        host=STATES * DOUBLE * noise.size * features,
        disk=store_bytes(noise.size * features),
        is_modelled=is_exact,
    )


def _samples(job: Job, trained: TrainStep, graph: Graph) -> tuple[int, ...]:
    """Every N of students that one job trained, or several whose parts another gathered."""
    try:
        return graph.nearest(job, GatherStep).samples
    except LookupError:
        return trained.samples


def gather_bill(job: Job, step: GatherStep, graph: Graph) -> Bill:
    """Checkpoints put together."""
    trained = graph.nearest(job, TrainStep).model_copy(update={"samples": step.samples})
    pool = graph.nearest(job, PoolStep)
    whole = stack_bill(trained, pool.shape, pool.drawn, students(trained))
    # The parts, the whole, and the file's content.
    return Bill(NUMBERS, host=3 * whole.disk, disk=whole.disk)
