"""Top singular subspaces of the Jacobians of a denoiser, by products alone.

Block power iteration on JᵀJ (Chen et al. 2024, arXiv:2409.02374, algorithm 1). It ends by the angle
between one subspace and the next. Vectors would not do: they may change sign, and where singular
values are equal they turn for ever in a plane that stays.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real
from lowd.geometry.linearisation import Linearisation

TOLERANCE = 1e-3
"""Sine of the largest angle between two subspaces that pass for one."""
MOST = 60
"""Iterations after which it ends anyway; `sine` then says how far from done it is."""
AT_ONCE = 512
"""Copies of points that go through the denoiser together."""


@dataclass(frozen=True)
class Subspace:
    """Leading singular vectors of the Jacobian of every point.

    Attributes:
        right: v_1..v_r, orthonormal columns, (M, d, r), float64.
        left: u_1..u_r, s_i u_i = J v_i; columns where s_i is 0 are 0.
        singular: s_1 ≥ … ≥ s_r.
        sine: of the largest angle between the last two subspaces, of each point.
    """

    right: Float[Tensor, "noise feature rank"]
    left: Float[Tensor, "noise feature rank"]
    singular: Float[Tensor, "noise rank"]
    sine: Float[Tensor, " noise"]


def top_subspace(
    denoise: Denoiser,
    x: Float[Tensor, " noise *shape"],
    sigma: Real,
    rank: int,
    generator: torch.Generator,
    *,
    inside: Tensor | None = None,
    tolerance: float = TOLERANCE,
    most: int = MOST,
) -> Subspace:
    """The `rank` leading singular vectors of J, or of its rows `inside`, at every point.

    Args:
        denoise: D(x, sigma), with second derivatives.
        x: noisy points, (M, *shape).
        sigma: their noise level.
        rank: r, at most the number of rows.
        generator: of the first subspace, the same for every point; on the CPU.
        inside: (feature) booleans, the rows of J that count; all if not given.
        tolerance: sine of the angle at which it ends.
        most: iterations at which it ends.

    Raises:
        ValueError: no such rank; or no row counts.
    """
    size = x[0].numel()
    rows = size if inside is None else int(inside.sum())
    if rows == 0:
        raise ValueError("inside: no number is inside; a subspace needs some row of the Jacobian")
    if not 1 <= rank <= rows:
        raise ValueError(f"rank: {rank} of a Jacobian of {rows} rows; give 1 to {rows}")
    start = torch.randn(size, rank, generator=generator, dtype=torch.float64)
    first = torch.linalg.qr(start.to(x.device)).Q
    batch = max(1, AT_ONCE // rank)
    found = [
        _iterate(Linearisation(denoise, some, sigma, rank, inside), first, tolerance, most)
        for some in x.split(batch)
    ]
    return Subspace(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def _iterate(
    linear: Linearisation, first: Tensor, tolerance: float, most: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    right = first.expand(linear.points, *first.shape)
    count, sine = 0, first.new_full((linear.points,), torch.inf)
    while count < most and bool((sine > tolerance).any()):
        count += 1
        turned, squares, _ = torch.linalg.svd(
            linear.transposed(linear.forward(right)), full_matrices=False
        )
        sine = sine_between(turned, right, _counts(squares, linear.features))
        right = turned
    # Within the subspace, by what J makes of it: more digits than the roots of JᵀJ's values have.
    moved = linear.forward(right)
    left, singular, within = torch.linalg.svd(moved, full_matrices=False)
    alive = _counts(singular.square(), linear.features)
    return right @ within.mT, left * alive[:, None], singular, sine


def _counts(squares: Tensor, size: int) -> Tensor:
    """Which singular values, given squared, are more than rounding in single precision.

    The others' vectors are arbitrary and never come to rest.
    """
    floor = size * torch.finfo(torch.float32).eps * squares[..., :1].sqrt()
    return squares.sqrt() > floor


def sine_between(
    new: Float[Tensor, "noise feature rank"],
    old: Float[Tensor, "noise feature other"],
    counts: Tensor | None = None,
) -> Float[Tensor, " noise"]:
    """Sine of the largest angle of a vector in `new` to the subspace of `old`.

    Args:
        new: orthonormal columns.
        old: orthonormal columns.
        counts: (noise, rank) booleans, the columns of `new` that count; all if not given.
    """
    outside = new - old @ (old.mT @ new)
    if counts is not None:
        outside = outside * counts[:, None]
    return torch.linalg.matrix_norm(outside, ord=2)


def overlap(
    one: Float[Tensor, "*noise feature rank"], other: Float[Tensor, "*noise feature rank"]
) -> Float[Tensor, "*noise"]:
    """Share of one subspace in the other: ‖AᵀB‖_F²/r, r/d by chance, 1 if they are the same."""
    return (one.mT @ other).square().sum(dim=(-2, -1)) / one.shape[-1]
