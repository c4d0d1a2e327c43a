"""Order parameters of memorisation, convergence and recovery, from samples of known noises.

Maillard & Goldt 2026 (arXiv:2605.21402) have them of linear models; here they are of any. All are
about the origin: the law's mean is known to be 0.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate, mean_estimate
from lowd.metrics.magnitude import common_scale
from lowd.metrics.neighbours import most_similar
from lowd.metrics.rows import Samples, comparable_rows, feature_rows, paired_rows

BLOCKS = 8
"""Of noises, of which the jackknife leaves out one at a time."""


def memorisation_overlap(generated: Samples, training: Samples) -> Estimate:
    """Mean m of max_i |cos(x, x⁽ⁱ⁾)|, how far a sample points along a training point.

    Up to sign, since a linear denoiser is odd and makes −x of the opposite noise. Copies have 1,
    and so have all samples of a linear student of one point. By chance m grows with N, to 1 at
    last: compare with as many points that the model has not seen.

    Args:
        generated: (sample, feature).
        training: (point, feature).

    Returns:
        The mean, and its standard error over samples.

    Raises:
        ValueError: features differ in number, there are fewer than two samples, or a value is not
            finite.
    """
    samples, points = comparable_rows(
        at_least=1, generated=feature_rows(generated, "generated"), training=training
    )
    cosines, _ = most_similar(samples, torch.cat([points, -points]))
    return mean_estimate(cosines)


def convergence_overlap(ours: Samples, theirs: Samples) -> Estimate:
    """Overlap q = Σ⟨x, y⟩ / (Σ‖x‖² Σ‖y‖²)^½ over pairs of samples of one noise.

    Args:
        ours: (noise, feature).
        theirs: (noise, feature), from the same noises.

    Returns:
        The overlap, 1 if both make the same of every noise, and its standard error over noises
        (delta method).

    Raises:
        ValueError: shapes differ, there are fewer than two noises, a value is not finite, or all
            samples of one are 0.
    """
    left, right = (side.double() * common_scale(side) for side in paired_rows(ours, theirs))
    shared = (left * right).sum(1)
    own, other = left.square().sum(1), right.square().sum(1)
    if not (own.sum() > 0 and other.sum() > 0):
        raise ValueError("all samples of one model are 0, so that no overlap is defined")
    scale = (own.mean() * other.mean()).sqrt()
    overlap = shared.mean() / scale
    half = (own / own.mean() + other / other.mean()) / 2
    influence = shared / scale - overlap * half
    return Estimate(float(overlap), float(influence.std()) / len(influence) ** 0.5)


def recovery_overlap(
    noise: Samples, generated: Samples, directions: Float[Tensor, "feature direction"]
) -> list[Estimate]:
    """Shares Q_j = ‖Ûᵀu_j‖² of each true direction within as many leading ones of the model.

    Û are the leading eigenvectors of `second_moments`. Directions at random have k/d.

    Args:
        noise: (noise, feature), standard normal.
        generated: (noise, feature), what the model makes of each.
        directions: u, orthonormal columns.

    Returns:
        Of each direction the share, and its standard error over noises (jackknife over blocks).

    Raises:
        ValueError: as `second_moments`.
    """
    drawn, made = (side.double() for side in paired_rows(noise, generated))
    true = directions.double().to(made.device)
    whole = _shares(drawn, made, true)
    size = -(-len(made) // BLOCKS)
    kept = [torch.arange(len(made)) // size != block for block in range(-(-len(made) // size))]
    without = torch.stack([_shares(drawn[rows], made[rows], true) for rows in kept])
    spread = (without - without.mean(0)).square().sum(0) * (len(kept) - 1) / len(kept)
    return [
        Estimate(float(share), float(error))
        for share, error in zip(whole, spread.sqrt(), strict=True)
    ]


def second_moments(noise: Samples, generated: Samples) -> Float[Tensor, "feature feature"]:
    """E[x xᵀ] of what a model makes of standard normal noises, about 0.

    Samples are split by regression into a part linear in their noises, whose second moments AᵀA
    are known of all noises, and the rest, whose second moments are estimated. For a model that is
    linear nothing is left to estimate, and they are exact.

    Args:
        noise: (noise, feature), standard normal.
        generated: (noise, feature), what the model makes of each.

    Raises:
        ValueError: shapes differ, there are no more noises than features, or a value is not
            finite or too large to be squared.
    """
    drawn, made = (side.double() for side in paired_rows(noise, generated))
    spare = len(drawn) - drawn.shape[1]
    if spare < 1:
        raise ValueError(
            f"{len(drawn)} noises fit no linear map of {drawn.shape[1]} features; give more noises"
        )
    if not made.square().sum().isfinite():
        raise ValueError("generated samples are too large to be squared; scale them")
    linear = torch.linalg.lstsq(drawn, made).solution
    rest = made - drawn @ linear
    return linear.mT @ linear + rest.mT @ rest / spare


def _shares(
    noise: Float[Tensor, "noise feature"],
    generated: Float[Tensor, "noise feature"],
    directions: Float[Tensor, "feature direction"],
) -> Float[Tensor, " direction"]:
    """How much of each direction lies in as many leading ones of the model."""
    count = directions.shape[1]
    _, vectors = torch.linalg.eigh(second_moments(noise, generated))
    return (vectors[:, -count:].mT @ directions).square().sum(0)
