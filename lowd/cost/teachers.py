"""Teachers as bills know them: a network, or the exact denoiser of a mixture in its place."""

from math import ceil, prod

from lowd.cost.probes import Mixture
from lowd.cost.tally import Shape, denoiser_cost
from lowd.models.settings import ModelSettings
from lowd.sources.settings import (
    GaussianTeacher,
    MoLRGImagesTeacher,
    MoLRGTeacher,
    NoisyMoLRGTeacher,
    TeacherSettings,
    TrainedTeacher,
)
from lowd.training.settings import ObjectiveSettings

Network = ModelSettings | Mixture
"""What noisy samples go through."""


def network_of(teacher: TeacherSettings) -> Network:
    """What a teacher denoises with.

    Raises:
        LookupError: nothing is known of its network.
    """
    match teacher:
        case TrainedTeacher(model=model):
            return model
        case NoisyMoLRGTeacher(clusters=clusters, rank=rank):
            # A cluster has some variance in every other's subspace too.
            return Mixture(clusters=clusters, rank=clusters * rank)
        case (
            MoLRGTeacher(clusters=clusters, rank=rank)
            | MoLRGImagesTeacher(clusters=clusters, rank=rank)
        ):
            return Mixture(clusters=clusters, rank=rank)
        case GaussianTeacher(shape=shape):
            # Of a mixture's three products it has two, in all dimensions.
            return Mixture(clusters=1, rank=ceil(2 * prod(shape) / 3))
    raise LookupError(f"nothing is known of a {teacher.kind} teacher's network")


def dimensions_of(teacher: TeacherSettings) -> int | None:
    """Of the span of an exact teacher's samples; of other teachers nobody knows."""
    if isinstance(teacher, MoLRGTeacher | MoLRGImagesTeacher):
        return teacher.clusters * teacher.rank
    if isinstance(teacher, GaussianTeacher):
        return prod(teacher.shape)
    return None


def row_flops(network: Network, aim: ObjectiveSettings, shape: Shape) -> float:
    """Of one noisy sample denoised."""
    if isinstance(network, Mixture):
        # Of every cluster coordinates, residuals and the way back; and the clusters' mean.
        return 2.0 * prod(shape) * network.clusters * (3 * network.rank + 1)
    return float(denoiser_cost(aim, network, shape, 1).flops)
