"""Bills of markers of memorisation."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.networks import KEPT
from lowd.cost.probes import DenoiserProbe, FlowProbe, Mixture, Probe, ScoreProbe, StartProbe
from lowd.cost.scores import features_of, samples_held, searched
from lowd.cost.stores import results_read, results_written, samples_read
from lowd.cost.tally import Shape, denoiser_cost, step_cost
from lowd.cost.teachers import Network, network_of
from lowd.diffusion.evaluations import evaluations
from lowd.diffusion.settings import SamplerSettings
from lowd.geometry.local_dimension import EXACT, PROBES
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.markers.choose_levels import ChooseLevelsStep
from lowd.kinds.markers.collect_markers import CollectMarkersStep
from lowd.kinds.markers.levels import MOST
from lowd.kinds.markers.mark import GROUP, MarkStep
from lowd.kinds.markers.mark_controls import MarkControlsStep
from lowd.kinds.markers.places import POINTS
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings

Work = list[tuple[Probe, float | int]]
EDM = EDMSettings()
MARKING = StartProbe(
    modules=(*SCORES.modules, "lowd.kinds.markers.measure", "lowd.steps.teachers.molrg")
)
# Parameters are counted of networks without numbers, whose operations are loaded then.
COUNTING = StartProbe(modules=(*SCORES.modules, "torch._refs"))
PASSED = 3
"""Points of one kind at every level: training points, held-out ones, states of trajectories."""
BACKWARD = 2 / 3
"""Of a transposed product's time, which has a pass of its own forward: here all share one."""
SEARCHES = 5.5
"""For neighbours: two for copies, which name two, two beside unseen points, and GL's two."""
MARKED = 41
"""Variables of a model's or the controls' markers."""
COLLECTED = 232
"""Of the results."""


def choose_levels_bill(job: Job, step: ChooseLevelsStep, graph: Graph) -> Bill:
    """The teacher at every level, its samples if it draws through the flow.

    Raises LookupError if nothing is known of the teacher's network.
    """
    teacher = graph.nearest(job, TeacherStep).teacher
    shape, network = teacher.shape, network_of(teacher)
    levels = _levels(step.sampler)
    rows = levels + (0 if step.exact else evaluations(step.sampler))
    traced = levels * POINTS * _probes(shape)
    work: Work = [
        (_exactly("value", network, shape), float(POINTS * rows)),
        (_exactly("transposed", network, shape), traced * BACKWARD),
        results_written(8),
    ]
    return Bill(MARKING, tuple(work), host=_held(network, shape, POINTS))


def mark_bill(job: Job, step: MarkStep, graph: Graph) -> Bill:
    """One model's markers.

    Raises LookupError if nothing is known of the teacher's network.
    """
    trained = graph.nearest(job, TrainStep)
    teacher = graph.nearest(job, TeacherStep).teacher
    shape, network = teacher.shape, network_of(teacher)
    cells, levels = len(step.samples) * step.replicates, _levels(step.sampler)
    aim, side = trained.objective or EDM, min(GROUP, cells)
    stacks = cells / side

    def calls(rows: int) -> Probe:
        return FlowProbe(model=trained.model, aim=aim, shape=shape, students=side, rows=rows)

    traced = DenoiserProbe(
        kind="transposed", model=trained.model, aim=aim, shape=shape, rows=side * 2 * POINTS
    )
    work: Work = [
        (calls(PASSED * POINTS), levels * stacks),
        (calls(POINTS), evaluations(step.sampler) * stacks),
        (traced, cells * 2 * POINTS * _probes(shape) * BACKWARD),
        *_compared(job, step, network, shape, graph),
    ]
    cost = denoiser_cost(aim, trained.model, shape, 1)
    rows = cells * POINTS * (PASSED * levels + evaluations(step.sampler) + 4 * _probes(shape))
    held = KEPT * side * step_cost(aim, trained.model, shape, 2 * POINTS).peak
    host = held + _stored(job, step, graph)
    return Bill(MARKING, tuple(work), cells, float(rows * cost.flops), host)


def mark_controls_bill(job: Job, step: MarkControlsStep, graph: Graph) -> Bill:
    """The markers of the teacher and of empirical denoisers.

    Raises LookupError if nothing is known of the teacher's network.
    """
    teacher = graph.nearest(job, TeacherStep).teacher
    shape, network = teacher.shape, network_of(teacher)
    cells, levels = len(step.samples) * step.replicates, _levels(step.sampler)
    rows = POINTS * (PASSED * levels + evaluations(step.sampler))
    traced = 2 * POINTS * _probes(shape) * BACKWARD
    pairs = float(step.replicates * sum(step.samples))
    empirical = ScoreProbe(kind="empirical", features=prod(shape))
    work: Work = [
        (_exactly("value", network, shape), float(cells * rows)),
        (_exactly("transposed", network, shape), cells * traced),
        # A backward pass takes twice a pass forward.
        (empirical, pairs * (rows + 2 * 2 * POINTS * _probes(shape))),
        *(2 * _compared(job, step, network, shape, graph)),
    ]
    host = _held(network, shape, GROUP * PASSED * POINTS) + _stored(job, step, graph)
    return Bill(MARKING, tuple(work), 2 * cells, host=host)


def collect_markers_bill(job: Job, step: CollectMarkersStep, graph: Graph) -> Bill:
    """Markers put together."""
    stores = len(step.models) + 1
    return Bill(COUNTING, (results_read(MARKED, stores), results_written(COLLECTED)))


def _compared(job: Job, step: MarkStep, network: Network, shape: Shape, graph: Graph) -> Work:
    """The exact denoisers at all points of one model's students, and the search of neighbours."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    cells, levels = len(step.samples) * step.replicates, _levels(step.sampler)
    points = float(step.replicates * sum(step.samples))
    empirical = ScoreProbe(kind="empirical", features=prod(shape))
    return [
        (_exactly("value", network, shape), float(cells * levels * PASSED * POINTS)),
        # Its own at all points, another's at held-out ones.
        (empirical, points * levels * (PASSED + 1) * POINTS),
        (ScoreProbe(kind="neighbour", features=features), SEARCHES * points * noises),
        samples_read(graph.nearest(job, PoolStep).size * prod(shape)),
        samples_read(cells * noises * prod(shape)),
        results_written(MARKED),
    ]


def _levels(sampler: SamplerSettings) -> int:
    """How many are looked at."""
    return -(-sampler.steps // -(-sampler.steps // MOST))


def _probes(shape: Shape) -> int:
    """Backward passes that a trace takes."""
    return prod(shape) if prod(shape) <= EXACT else PROBES


def _exactly(kind: str, network: Network, shape: Shape) -> Probe:
    """A row through the teacher, or back."""
    return DenoiserProbe.model_validate(
        {"kind": kind, "model": network, "aim": EDM, "shape": shape, "rows": PASSED * POINTS}
    )


def _held(network: Network, shape: Shape, rows: int) -> float:
    """Bytes of the teacher's passes."""
    if isinstance(network, Mixture):
        return 8.0 * DOUBLE * rows * prod(shape)
    return KEPT * step_cost(EDM, network, shape, rows).peak


def _stored(job: Job, step: MarkStep, graph: Graph) -> float:
    """Bytes of samples, training sets and searches."""
    noises, features = graph.nearest(job, NoiseStep).size, features_of(job, graph)
    cells = len(step.samples) * step.replicates
    held = samples_held(job, 3 * cells * noises, features, graph)
    states = DOUBLE * GROUP * POINTS * features * 2 * step.sampler.steps
    return held + states + FLOAT * features + searched(noises, step.samples[-1])
