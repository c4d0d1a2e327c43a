"""What is run on the CPU to know what a unit of a probe takes there: the steps' own code.

Large ones in part, of which the number of units tells.
"""

import warnings
from collections.abc import Callable
from math import prod

import torch
from torch import Tensor

from lowd.cost.disk import image_unit, store_unit
from lowd.cost.probes import (
    DenoiserProbe,
    DimensionProbe,
    EquivalenceProbe,
    FitProbe,
    ImageProbe,
    LowRankProbe,
    Mixture,
    ScoreProbe,
    StoreProbe,
)
from lowd.cost.teachers import row_flops
from lowd.diffusion.denoiser import Denoiser
from lowd.distributions.empirical import Empirical
from lowd.distributions.molrg import MoLRG
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.neighbours import nearest
from lowd.metrics.reproducibility import reproducibility_chance
from lowd.models.build import initialise
from lowd.streams import stream
from lowd.theory.low_rank import train
from lowd.training.objectives.build import assemble, objective

ROWS, POINTS = 512, 2048
"""Samples that metrics are measured on."""
SHIFTS = 32
"""Pairings by chance that are timed at once."""
FLOPS = 3e9
"""Of a run at most, about a fifth of a second's."""
STEPS = 20
"""Of low-rank denoisers."""
ITERATIONS = 10
"""Of expectation maximisation from one start: digits in ten clusters take 7 to 9, in five 15 to 28,
and made-up mixtures of ten subspaces 8 to 18."""
NUMBERS = 2**22
"""Of made-up arrays at most."""

Unit = tuple[float | int, Callable[[], object]]
"""How many units a run has, and the run."""
CpuProbe = (
    ScoreProbe
    | LowRankProbe
    | EquivalenceProbe
    | DenoiserProbe
    | FitProbe
    | DimensionProbe
    | ImageProbe
    | StoreProbe
)


def unit(probe: CpuProbe) -> Unit:
    """What to time, and by how much to divide."""
    match probe:
        case ScoreProbe():
            return _metric(probe)
        case LowRankProbe():
            return _low_rank(probe)
        case EquivalenceProbe():
            return _equivalence(probe)
        case DenoiserProbe():
            return _denoiser(probe)
        case FitProbe():
            return _fit(probe)
        case DimensionProbe():
            return _dimension(probe)
        case StoreProbe():
            return store_unit(probe)
    return image_unit(probe)


def _metric(probe: ScoreProbe) -> Unit:
    generator = stream("probe")
    ours = torch.randn((ROWS, probe.features), generator=generator)
    theirs = torch.randn((POINTS, probe.features), generator=generator)
    match probe.kind:
        case "neighbour":
            return ROWS * POINTS, lambda: nearest(ours, theirs)
        case "chance":
            return POINTS**2, lambda: reproducibility_chance(theirs, theirs, 0.5)
        case "frechet":
            return POINTS, lambda: frechet_distance(theirs, theirs.flip(0))
        case "empirical":
            denoise = Empirical(theirs).denoise
            return ROWS * POINTS, lambda: denoise(ours, 0.5)
        case "singular":
            square = torch.randn((probe.features, probe.features), generator=generator)
            return 1, lambda: torch.linalg.svdvals(square)
    return SHIFTS * ROWS, _alike(probe.features, generator)


def _alike(features: int, generator: torch.Generator) -> Callable[[], object]:
    """Every shift of a pair of students by both rules, as `agree` has them."""
    pixels = torch.randn((2, ROWS, features), generator=generator)
    (ours, theirs), (one, other) = pixels.double(), pixels
    shifts = range(1, SHIFTS + 1)

    def run() -> list[Tensor]:
        by_descriptor = [(ours * theirs.roll(shift, 0)).sum(1) > 0.5 for shift in shifts]
        by_pixels = [(one - other.roll(shift, 0)).abs().mean(1) < 15 for shift in shifts]
        return [torch.stack(hits).double().mean(0) for hits in (by_descriptor, by_pixels)]

    return run


def _low_rank(probe: LowRankProbe) -> Unit:
    generator = stream("probe")
    points = torch.randn(
        (probe.trials, probe.clusters * probe.points, probe.dimension), generator=generator
    )
    training = probe.training.model_copy(update={"steps": STEPS})
    return STEPS, lambda: train(points, probe.clusters, probe.rank, training, generator)


def _equivalence(probe: EquivalenceProbe) -> Unit:
    from lowd.theory.equivalence import Weights, denoising_loss

    generator = stream("probe")
    rows = probe.clusters * probe.samples
    problems = max(1, min(probe.problems, NUMBERS // (rows * probe.dimension)))
    shape = (problems, probe.clusters, probe.dimension, probe.rank)
    bases = torch.randn(shape, generator=generator, dtype=torch.float64) / probe.dimension**0.5
    points = torch.randn(
        (problems, rows, probe.dimension), generator=generator, dtype=torch.float64
    )
    every: tuple[Weights, ...] = ("clean", "hard", "soft")
    return 2 * problems / probe.problems, lambda: [
        denoising_loss(points, bases, 0.1, weights, 4, generator) for weights in every
    ]


def _denoiser(probe: DenoiserProbe) -> Unit:
    from lowd.geometry.jacobian import products

    flops = row_flops(probe.model, probe.aim, probe.shape)
    # A gradient takes twice what values do, and the gradient's own twice that.
    passes = {"value": 1, "transposed": 3, "forward": 7}[probe.kind]
    rows = max(1, min(probe.rows, int(FLOPS / (passes * flops))))
    denoise = _made_up(probe)
    noisy = torch.randn((rows, *probe.shape), generator=stream("probe"))
    if probe.kind == "value":
        return rows, lambda: _without_gradient(denoise, noisy)
    forward, transposed = products(denoise, noisy[0], 0.5)
    multiply = forward if probe.kind == "forward" else transposed
    return rows, lambda: multiply(noisy.flatten(1).T)


def _without_gradient(denoise: Denoiser, noisy: Tensor) -> Tensor:
    with torch.no_grad():
        return denoise(noisy, 0.5)


def _made_up(probe: DenoiserProbe) -> Denoiser:
    """A denoiser of the settings asked for."""
    generator = stream("probe")
    if isinstance(probe.model, Mixture):
        shape = (probe.model.clusters, prod(probe.shape), probe.model.rank)
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        return MoLRG(torch.linalg.qr(normal).Q).denoise
    networks = assemble(probe.aim, probe.model, 1, probe.shape)
    initialise(networks, [generator])
    denoise = objective(probe.aim, networks.eval(), 0.5).denoise
    return lambda x, sigma: denoise(x[None], sigma)[0]


def _fit(probe: FitProbe) -> Unit:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    from lowd.distributions.fitting import REGULARISATION

    flops = 4 * ITERATIONS * probe.clusters * probe.features**2
    points = min(probe.points, max(2 * probe.clusters, int(FLOPS / flops)))
    flat = torch.randn((points, probe.features), generator=stream("probe")).double().numpy()
    mixture = GaussianMixture(
        probe.clusters, reg_covar=REGULARISATION, max_iter=ITERATIONS, tol=0, random_state=0
    )

    def run() -> None:
        with warnings.catch_warnings():
            # It is asked for all iterations, however early it is done.
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(flat)

    return points / probe.points, run


def _dimension(probe: DimensionProbe) -> Unit:
    import skdim
    from scipy.spatial import KDTree

    generator = stream("probe")
    mixture = MoLRG.random(probe.clusters, probe.features, probe.rank, generator)
    cloud = mixture.sample(probe.points, generator).double().numpy()
    if probe.kind == "levina_bickel":
        tree, asked = KDTree(cloud), cloud[: ROWS // 4]
        return len(asked), lambda: [tree.query(asked, k + 1, workers=1) for k in probe.neighbours]
    # Of many features it sorts all distances, and of few it searches.
    part = cloud if probe.features <= 25 else cloud[: ROWS * 2]
    return len(part) ** 2 / probe.points, lambda: skdim.id.TwoNN().fit(part)
