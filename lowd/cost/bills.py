"""What one job asks of a machine, from its settings and those of the jobs that feed it.

A new step needs a case in `_bill`; until it has one, a plan counts its start alone and names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, prod

from lowd.cost.files import FLOAT, checkpoint_bytes, store_bytes
from lowd.cost.jobs import Graph, Job
from lowd.cost.probes import (
    ChanceProbe,
    CopyProbe,
    EmpiricalProbe,
    FlowProbe,
    FrechetProbe,
    LowRankProbe,
    NeighbourProbe,
    Probe,
    StartProbe,
    TrainProbe,
)
from lowd.cost.tally import Shape, copy_cost, denoiser_cost, parameter_shapes, step_cost
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.diffusion.settings import SamplerSettings
from lowd.metrics.settings import NearestRule
from lowd.models.settings import ModelSettings
from lowd.sources.settings import (
    DiffusersTeacher,
    MoLRGImagesTeacher,
    MoLRGTeacher,
    TrainedTeacher,
)
from lowd.steps import describe, follow, generate
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
from lowd.steps.generation import BATCH_VALUES
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
from lowd.training.compute import ComputeSettings
from lowd.training.settings import BLOCK, EDMSettings, ObjectiveSettings, TrainingSettings

DOUBLE = 8
"""Bytes of a number in metrics and in the solver's state."""
STATES = 5
"""The solver's own arrays of a batch's size."""
SSCD = 512
"""Features of the published networks, which a file does not say before it is loaded."""
KEPT = 1.5
"""Bytes that training holds for a byte of activations: libraries copy, and allocators keep."""
PUBLISHED = {"digits": 1797, "cifar10": 60_000, "fashion_mnist": 70_000}
"""How many a published source has; how many the user's own have, no setting says."""
SIDE = 4096
"""Samples on a side of the block of distances that a search for neighbours holds."""

COMMAND = StartProbe(modules=("lowd.cli.app",))
DRAWING = StartProbe(modules=("lowd.cli.app", "xarray", "matplotlib.pyplot"))
NUMBERS = StartProbe(modules=("lowd.cli.app", "lowd.training.trainer", "lowd.store.arrays"))
# The optimisers' first step loads the compiler, used or not.
LEARNING = StartProbe(modules=(*NUMBERS.modules, "torch._dynamo"))
SCORES = StartProbe(modules=(*NUMBERS.modules, "lowd.steps.scoring", "scipy.stats"))
IMAGES = StartProbe(modules=(*SCORES.modules, "matplotlib.pyplot"))


@dataclass(frozen=True)
class Bill:
    """What a job takes.

    Attributes:
        start: the process itself.
        work: units of probes, with their numbers.
        students: how many it trains or samples; cells it scores.
        flops: of networks and exact denoisers.
        host: bytes held at most beside the start's.
        device: bytes held at most where networks are computed, the GPU's if there is one.
        disk: bytes of its outputs, those of more than a few megabytes.
        is_modelled: whether more than its start is counted, or there is no more.
    """

    start: StartProbe
    work: tuple[tuple[Probe, float | int], ...] = ()
    students: int = 0
    flops: float | int = 0
    host: float | int = 0
    device: float | int = 0
    disk: float | int = 0
    is_modelled: bool = True

    @property
    def probes(self) -> list[Probe]:
        """All that has to be known of the machine."""
        return [self.start, *(probe for probe, _ in self.work)]

    @property
    def is_on_device(self) -> bool:
        """Whether it computes on the GPU, if there is one."""
        return any(isinstance(probe, TrainProbe | FlowProbe | CopyProbe) for probe, _ in self.work)


def bill(job: Job, graph: Graph) -> Bill:
    """The bill of a job; of its start alone if it is unknown, or what feeds it is."""
    try:
        return _bill(job, graph)
    except LookupError:
        return Bill(NUMBERS, is_modelled=False)


def _bill(job: Job, graph: Graph) -> Bill:
    match settings := job.settings:
        case TrainStep():
            return _train(settings, graph.nearest(job, PoolStep))
        case TeacherStep(teacher=TrainedTeacher() as teacher):
            return _teacher(teacher)
        case TeacherStep(teacher=made):
            return Bill(NUMBERS, is_modelled=not isinstance(made, DiffusersTeacher))
        case DescriptorStep(descriptor=TrainedSSCDSettings() as network):
            copies = 2 * network.steps * network.batch
            # Backward takes twice what forward does.
            return _copies(network, graph.nearest(job, TeacherStep), copies, passes=3)
        case EmbedStep(descriptor=TrainedSSCDSettings() as network):
            images = _described(job, graph)
            return _copies(network, graph.nearest(job, TeacherStep), images, passes=1)
        case PoolStep():
            return _pool(settings, graph.nearest(job, TeacherStep))
        case NoiseStep():
            numbers = settings.size * prod(settings.shape)
            return Bill(NUMBERS, host=2 * FLOAT * numbers, disk=store_bytes(numbers))
        case GatherStep():
            return _gather(job, settings, graph)
        case GenerateStep():
            return _generate(job, settings, graph)
        case DescribeStep():
            return _describe(job, settings, graph)
        case ScoreStep():
            return _score(job, settings, graph)
        case ControlsStep():
            return _controls(job, settings, graph)
        case FollowStep():
            return _follow(job, settings, graph)
        case DecomposeStep() | CollectStep() | PairStep() | AgreeStep():
            return Bill(SCORES, is_modelled=not isinstance(settings, AgreeStep))
        case RecoverStep():
            return _recover(settings)
        case FigureStep():
            return Bill(DRAWING)
        case SheetStep():
            return Bill(IMAGES)
        case ManifestStep() | ExpectStep() | TabulateStep():
            return Bill(COMMAND)
    raise LookupError(f"no model of {job.step}")


def students(step: TrainStep) -> int:
    """How many a job trains."""
    return len(step.samples) * step.replicates * (step.seeds or 1)


def evaluations(sampler: SamplerSettings) -> int:
    """How often a sample asks the denoiser."""
    return 2 * sampler.steps - 1 if sampler.solver == "heun" else sampler.steps


def _train(step: TrainStep, pool: PoolStep) -> Bill:
    made = _training(
        step.model,
        step.objective or EDMSettings(),
        step.training,
        pool.shape,
        students(step),
        pool.size,
        len(step.snapshots),
        step.compute,
    )
    grid = [{"N": n, "replicate": r} for n in step.samples for r in range(step.replicates)] * (
        step.seeds or 1
    )
    kept = len(step.snapshots) or 1
    parameters = parameter_shapes(step.objective or EDMSettings(), step.model, pool.shape)
    blocks = ceil(step.training.steps / BLOCK)
    return replace(made, disk=checkpoint_bytes(len(grid) * kept, parameters, blocks, grid * kept))


def _teacher(teacher: TrainedTeacher) -> Bill:
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
    side = min(generate.GROUP, stack)
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


def _pool(step: PoolStep, teacher: TeacherStep) -> Bill:
    made = teacher.teacher
    numbers = step.size * prod(step.shape)
    if isinstance(made, TrainedTeacher) and step.sampler is not None:
        return replace(
            _flow(made.model, EDMSettings(), step.shape, 1, step.size, step.sampler), students=0
        )
    return Bill(
        NUMBERS,
        host=4 * FLOAT * numbers,
        disk=store_bytes(numbers),
        is_modelled=isinstance(made, MoLRGTeacher | MoLRGImagesTeacher),
    )


def _generate(job: Job, step: GenerateStep, graph: Graph) -> Bill:
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
            work=((EmpiricalProbe(features=features), pairs),),
            students=sets,
            # Weights from a product with every point, and their mean by another.
            flops=4.0 * pairs * features,
            host=2 * FLOAT * pool.size * features + 3 * FLOAT * samples + 3 * 2**22,
            disk=store_bytes(samples),
        )
    teacher = graph.nearest(job, TeacherStep).teacher
    if isinstance(teacher, TrainedTeacher):
        made = _flow(teacher.model, EDMSettings(), noise.shape, 1, noise.size, step.sampler)
        return replace(made, students=0)
    rank = 0
    if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
        rank = teacher.rank * teacher.clusters
    return Bill(
        NUMBERS,
        flops=4.0 * calls * noise.size * features * rank,
        host=STATES * DOUBLE * noise.size * features,
        disk=store_bytes(noise.size * features),
        is_modelled=rank > 0,
    )


def _samples(job: Job, trained: TrainStep, graph: Graph) -> tuple[int, ...]:
    """Every N of students that one job trained, or several whose parts another gathered."""
    try:
        return graph.nearest(job, GatherStep).samples
    except LookupError:
        return trained.samples


def _gather(job: Job, step: GatherStep, graph: Graph) -> Bill:
    trained = graph.nearest(job, TrainStep).model_copy(update={"samples": step.samples})
    whole = _train(trained, graph.nearest(job, PoolStep))
    # The parts, the whole, and the file's content.
    return Bill(NUMBERS, host=3 * whole.disk, disk=whole.disk)


def _copies(network: TrainedSSCDSettings, step: TeacherStep, images: int, passes: int) -> Bill:
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


def _described(job: Job, graph: Graph) -> int:
    """How many images are put through a network; of a teacher's own, none is known of."""
    (path,) = job.inputs["images"]
    for one in graph.makers(job):
        if path not in one.outputs:
            continue
        match one.settings:
            case PoolStep(size=size) | NoiseStep(size=size):
                return size
            case GenerateStep():
                made = _bill(one, graph)
                return max(1, made.students) * graph.nearest(one, NoiseStep).size
    raise LookupError("nothing says how many images there are")


def _features(job: Job, graph: Graph) -> int:
    """Numbers of a descriptor: as many as a sample has, if no network gives them."""
    try:
        network = graph.nearest(job, EmbedStep).descriptor
    except LookupError:
        return prod(graph.nearest(job, PoolStep).shape)
    return getattr(network, "features", SSCD)


def _searched(query: int, reference: int) -> float:
    """Bytes of the distances that a search for neighbours holds, twice."""
    return 2.0 * DOUBLE * min(query, SIDE) * min(reference, SIDE)


def _describe(job: Job, step: DescribeStep, graph: Graph) -> Bill:
    features, pool = _features(job, graph), graph.nearest(job, PoolStep).size
    rows = min(describe.ROWS, pool)
    if isinstance(step.threshold, NearestRule):
        probe: Probe = NeighbourProbe(features=features)
        pairs = rows * step.largest
        held = _searched(rows, step.largest)
    else:
        probe, pairs = ChanceProbe(features=features), rows * rows
        # A product and its upper half, gathered and sorted, as `unrelated_quantile` says.
        held = 2.0 * DOUBLE * rows * rows
    return Bill(SCORES, ((probe, float(pairs)),), host=3 * FLOAT * pool * features + held)


def _score(job: Job, step: ScoreStep, graph: Graph) -> Bill:
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    cells = len(step.samples) * step.replicates
    pairs = len(step.samples) * step.replicates * (step.replicates - 1) // 2
    compared = cells * (1 + len(step.others)) + pairs
    # GL, AuthPct and both sides of C_T; the spacing of the training set itself.
    near = sum(step.replicates * n * (4 * noises + n) for n in step.samples)
    return Bill(
        SCORES,
        work=(
            (NeighbourProbe(features=features), float(near)),
            (ChanceProbe(features=features), float(compared * noises**2)),
            (FrechetProbe(features=features), float(cells * noises)),
        ),
        students=cells,
        host=_read(job, cells * (2 + len(step.others)) * noises, features, graph)
        + _searched(max(noises, step.samples[-1]), step.samples[-1]),
    )


def _controls(job: Job, step: ControlsStep, graph: Graph) -> Bill:
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    cells = len(step.samples) * step.replicates
    near = 3 * noises * step.replicates * sum(step.samples)
    return Bill(
        SCORES,
        work=((NeighbourProbe(features=features), float(near)),),
        students=cells,
        host=_read(job, cells * noises, features, graph) + _searched(noises, step.samples[-1]),
    )


def _read(job: Job, samples: int, features: int, graph: Graph) -> float:
    """Bytes of samples and of the pool, as they are read and as descriptors."""
    return 2.0 * FLOAT * (samples + graph.nearest(job, PoolStep).size) * features


def _follow(job: Job, step: FollowStep, graph: Graph) -> Bill:
    noises, features = graph.nearest(job, NoiseStep).size, _features(job, graph)
    shape = graph.nearest(job, PoolStep).shape
    snapshots = len(graph.nearest(job, TrainStep).snapshots) or 1
    sets = len(step.samples) * step.replicates
    cells = sets * snapshots * len(step.models)
    pairs = cells * (step.replicates - 1) // 2
    near = snapshots * len(step.models) * noises * step.replicates * sum(step.samples)
    rows = 2 * follow.POINTS
    aim = EDMSettings()
    work: list[tuple[Probe, float | int]] = [
        (NeighbourProbe(features=features), float(near)),
        (ChanceProbe(features=features), float(pairs * noises**2)),
    ]
    flops = 0.0
    for model in step.models.values():
        probe = FlowProbe(model=model, aim=aim, shape=shape, students=follow.GROUP, rows=rows)
        work.append((probe, follow.LEVELS * sets * snapshots / follow.GROUP))
        cost = denoiser_cost(aim, model, shape, rows)
        flops += follow.LEVELS * sets * snapshots * cost.flops
    host = _read(job, (cells // len(step.models) + sets) * noises, features, graph)
    return Bill(SCORES, tuple(work), cells, flops, host)


def _recover(step: RecoverStep) -> Bill:
    """Low-rank denoisers, at a few N between which time is a straight line."""
    ends = sorted({step.samples[0], step.samples[-1]})
    weights = _trapezium(step.samples, ends)
    work = tuple(
        (
            LowRankProbe(
                dimension=step.dimension,
                clusters=step.clusters,
                rank=step.rank,
                points=n,
                trials=step.trials,
                training=step.training,
            ),
            step.training.steps * weight,
        )
        for n, weight in zip(ends, weights, strict=True)
    )
    problems = step.trials * step.training.restarts * step.clusters
    # Two products forward, and twice as many back.
    flops = 12.0 * problems * sum(step.samples) * step.dimension * step.clusters * step.rank
    return Bill(SCORES, work, step.trials * len(step.samples), flops * step.training.steps)


def _trapezium(values: Sequence[int], ends: Sequence[int]) -> list[float]:
    """How much each end counts, if a straight line through both is summed over the values."""
    if len(ends) == 1:
        return [float(len(values))]
    low, high = ends
    share = sum((value - low) / (high - low) for value in values)
    return [len(values) - share, share]
