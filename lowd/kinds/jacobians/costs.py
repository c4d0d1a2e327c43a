"""Bills of Jacobians of denoisers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import ceil, prod
from typing import Literal

from lowd.cost.bill import NUMBERS, Bill
from lowd.cost.files import FLOAT
from lowd.cost.networks import KEPT
from lowd.cost.probes import DenoiserProbe, Mixture, Probe, ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import Shape, step_cost
from lowd.cost.teachers import Network, dimensions_of, network_of, row_flops
from lowd.geometry.dense import DENSE
from lowd.geometry.jacobian import BLOCK, PROBES
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.jacobians.linearise import POINTS, SIGMAS, LineariseStep
from lowd.steps.gather import GatherStep
from lowd.steps.pool import PoolStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings, ObjectiveSettings

Pass = Literal["transposed", "forward"]
PASSES: dict[Pass, int] = {"transposed": 2, "forward": 4}
"""Times the values' FLOPs: a gradient takes as many again, and its own twice as many."""
KEPT_DIRECTIONS = 0.6
"""Share of directions that a network keeps, over σ and denoisers of digits, where it is not known
before: the root mean square, since the search takes time with the square."""
VARIABLES = 9
"""Of the results."""


@dataclass(frozen=True)
class Linearised:
    """Denoisers of one kind whose Jacobians are looked at.

    Attributes:
        model: the network, or the exact denoiser in its place.
        denoisers: how many.
        kept: directions that each keeps, if that is known.
    """

    model: Network
    aim: ObjectiveSettings
    shape: Shape
    denoisers: int
    kept: int | None = None

    @property
    def dimension(self) -> int:
        """Numbers of a sample."""
        return prod(self.shape)

    @property
    def directions(self) -> int:
        """How many a search finds before it ends, about."""
        kept = KEPT_DIRECTIONS * self.dimension if self.kept is None else self.kept
        return min(self.dimension, BLOCK * ceil(kept / BLOCK))

    @property
    def passes(self) -> dict[Pass, float | int]:
        """Rows that go through the denoiser for one point: one way, and back again.

        A small Jacobian is a row an output. A large one is known by products: with directions that
        test the rest, with a block three times over, and with all that is found after each block.
        """
        if self.dimension <= DENSE:
            return {"transposed": self.dimension}
        blocks = self.directions / BLOCK
        found = BLOCK * blocks * (blocks + 1) / 2
        return {
            "forward": PROBES + 2 * BLOCK * blocks,
            "transposed": BLOCK * blocks + found,
        }

    @property
    def decompositions(self) -> float:
        """Singular values for one point, in those of a square matrix of all dimensions.

        They take time with the square of the shorter side, which grows by a block.
        """
        if self.dimension <= DENSE:
            return 1.0
        blocks = self.directions / BLOCK
        return (BLOCK / self.dimension) ** 2 * blocks * (blocks + 1) * (2 * blocks + 1) / 6

    @property
    def work(self) -> Iterator[tuple[Probe, float | int]]:
        """Units of probes for all points and noise levels."""
        places = self.denoisers * POINTS * len(SIGMAS)
        rows = self.dimension if self.dimension <= DENSE else PROBES
        for kind, each in self.passes.items():
            probe = DenoiserProbe(
                kind=kind, model=self.model, aim=self.aim, shape=self.shape, rows=rows
            )
            yield probe, places * each
        singular = ScoreProbe(kind="singular", features=self.dimension)
        yield singular, places * self.decompositions

    @property
    def flops(self) -> float:
        """Of networks and exact denoisers."""
        once = row_flops(self.model, self.aim, self.shape)
        rows = sum(PASSES[kind] * each for kind, each in self.passes.items())
        return float(self.denoisers * POINTS * len(SIGMAS) * rows * once)

    @property
    def held(self) -> float:
        """Bytes of one point's pass, and of all points' Jacobians."""
        rows = self.dimension if self.dimension <= DENSE else max(PROBES, self.directions)
        jacobians = FLOAT * rows * self.dimension * (POINTS if self.dimension <= DENSE else 3)
        if isinstance(self.model, Mixture):
            return 4 * jacobians / POINTS + jacobians
        return KEPT * step_cost(self.aim, self.model, self.shape, rows).peak + 2 * jacobians


def linearise_bill(job: Job, step: LineariseStep, graph: Graph) -> Bill:
    """Jacobians of every study's teacher, and of up to three students of every model.

    Raises LookupError if a teacher's network, or a student's, is not known.
    """
    every = list(_linearised(job, step, graph))
    return Bill(
        NUMBERS,
        (*(each for one in every for each in one.work), *_stores(job, step, graph)),
        students=sum(one.denoisers for one in every),
        flops=sum(one.flops for one in every),
        host=max(one.held for one in every),
    )


def _linearised(job: Job, step: LineariseStep, graph: Graph) -> Iterator[Linearised]:
    place = count()
    for at, models in enumerate(step.models):
        pool = _maker(graph, job, "points", at).settings
        assert isinstance(pool, PoolStep)
        made = _maker(graph, job, "teacher", at).settings
        assert isinstance(made, TeacherStep)
        network, kept = network_of(made.teacher), dimensions_of(made.teacher)
        yield Linearised(network, EDMSettings(), pool.shape, 1, kept)
        for _ in models:
            maker = _maker(graph, job, "students", next(place))
            trained, samples = _trained(maker, graph)
            sizes = {samples[0], samples[len(samples) // 2], samples[-1]}
            aim = trained.objective or EDMSettings()
            yield Linearised(trained.model, aim, pool.shape, len(sizes))


def _stores(job: Job, step: LineariseStep, graph: Graph) -> Iterator[tuple[Probe, float | int]]:
    for at in range(len(step.models)):
        pool = _maker(graph, job, "points", at).settings
        assert isinstance(pool, PoolStep)
        yield samples_read(pool.drawn * prod(pool.shape))
    yield results_written(VARIABLES)


def _maker(graph: Graph, job: Job, role: str, place: int) -> Job:
    maker = graph.maker(job.inputs[role][place])
    if maker is None:
        raise LookupError(f"nothing makes {job.inputs[role][place]}")
    return maker


def _trained(maker: Job, graph: Graph) -> tuple[TrainStep, tuple[int, ...]]:
    """How students were trained, and every N of them, whether by one job or by several."""
    if isinstance(maker.settings, GatherStep):
        return graph.nearest(maker, TrainStep), maker.settings.samples
    assert isinstance(maker.settings, TrainStep)
    return maker.settings, maker.settings.samples
