"""How far a student has gone from its teacher towards the memoriser of its training set.

With Ψ_θ, Ψ_* and Ψ_emp what student, teacher and the empirical denoiser make of one noise,

    s = ⟨Ψ_θ − Ψ_*, Ψ_emp − Ψ_*⟩ / ‖Ψ_emp − Ψ_*‖² = (E_gen² + E_emp² − E_mem²) / (2 E_emp²),

both products being means over noises (the law of cosines, with the errors of Zhang et al. 2025,
arXiv:2505.20123). The teacher has 0 and the memoriser 1; s = ½ where E_gen = E_mem, exactly. An
error at right angles to the way from teacher to memoriser does not count, however large.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate
from lowd.metrics.magnitude import common_scale
from lowd.metrics.rows import Samples, paired_rows


def memorised_fraction(ours: Samples, teacher: Samples, memorised: Samples) -> Estimate:
    """The fraction s of a student, and its standard error over noises (delta method of a ratio).

    Args:
        ours: descriptors of the student's samples, (noise, feature).
        teacher: of the teacher's from the same noises.
        memorised: of the empirical denoiser's.

    Raises:
        ValueError: shapes differ, there are fewer than two noises, a value is not finite, or the
            memoriser's samples are the teacher's.
    """
    value, influence = _projection(ours, teacher, memorised)
    return Estimate(value, _error(influence))


def memorised_excess(
    ours: Samples, teacher: Samples, memorised: Samples, other: Samples
) -> Estimate:
    """The fraction towards the own training set less that towards another of the same size.

    A biased student, which shrinks say, goes some way towards any memoriser; only what it goes
    further towards its own is memory. A memoriser itself has less than 1 here, by as much as two
    memorisers are alike.

    Args:
        ours: descriptors of the student's samples, (noise, feature).
        teacher: of the teacher's from the same noises.
        memorised: of the empirical denoiser's of its own training set.
        other: of the empirical denoiser's of a set that shares no point with it.

    Returns:
        The difference, and its standard error over noises, which knows that both are of the same.

    Raises:
        ValueError: as `memorised_fraction`.
    """
    own, towards_own = _projection(ours, teacher, memorised)
    any_, towards_any = _projection(ours, teacher, other)
    return Estimate(own - any_, _error(towards_own - towards_any))


def _projection(
    ours: Samples, teacher: Samples, memorised: Samples
) -> tuple[float, Float[Tensor, " noise"]]:
    """s, and what each noise adds to it to first order."""
    student, truth = paired_rows(ours, teacher)
    memory, _ = paired_rows(memorised, teacher)
    scale = common_scale(student, truth, memory)
    student, truth, memory = (side.double() * scale for side in (student, truth, memory))
    way = memory - truth
    length = way.square().sum(dim=1)
    if not length.sum() > 0:
        raise ValueError(
            "memorised: the memoriser's samples are the teacher's, so nothing lies between them; "
            "give a smaller training set"
        )
    gone = ((student - truth) * way).sum(dim=1)
    fraction = (gone.sum() / length.sum()).item()
    return fraction, (gone - fraction * length) / length.mean()


def _error(influence: Float[Tensor, " noise"]) -> float:
    return (torch.std(influence) / len(influence) ** 0.5).item()
