"""Directions of an edit: what changes a region of the image and leaves the rest alone.

Chen et al. 2024 (arXiv:2409.02374), LOCO Edit: the leading right-singular vector of the region's
rows of J, with the r' leading right-singular vectors of the other rows projected out. Then
‖P_out J v‖ ≤ s_{r'+1}(P_out J), whatever J. A region's best direction is also known in closed form,
as a generalised eigenvector.
"""

import torch
from jaxtyping import Float
from torch import Tensor

LEAST_LEFT = 0.01
"""Length that has to be left of a unit vector for it to have a direction still."""
FLOOR = 0.05


class NothingLeft(ValueError):
    """A projection left nothing of a direction but rounding."""


def unit(vectors: Float[Tensor, "*stack feature"]) -> Float[Tensor, "*stack feature"]:
    """Vectors at length 1."""
    return vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)


def project_out(
    direction: Float[Tensor, "*noise feature"],
    basis: Float[Tensor, "*noise feature rank"],
    least: float = LEAST_LEFT,
) -> tuple[Float[Tensor, "*noise feature"], Float[Tensor, "*noise"]]:
    """What of unit vectors is orthogonal to a basis, at length 1, and how long it was before.

    Args:
        direction: unit vectors.
        basis: orthonormal columns.
        least: the length below which it is refused; made a unit vector it would be rounding.

    Raises:
        NothingLeft: less is left of some vector; the message says of how many and how little.
    """
    rest = direction
    for _ in range(2):  # Once leaves rounding of what is projected out.
        rest = rest - (basis @ (basis.mT @ rest[..., None]))[..., 0]
    left = torch.linalg.vector_norm(rest, dim=-1)
    if bool((left < least).any()):
        short = int((left < least).sum())
        raise NothingLeft(
            f"protect: with {basis.shape[-1]} directions projected out, {float(left.min()):.2g} is "
            f"left of the unit vector of {short} of {left.numel()} images, where {least:g} is the "
            "least; protect fewer"
        )
    return rest / left[..., None], left


def most_local(
    moved: Float[Tensor, "*noise feature column"],
    inside: Tensor,
    floor: float = FLOOR,
) -> Float[Tensor, "*noise column"]:
    """Coefficients of the direction that changes most inside for what it changes outside.

    Of directions v = Qc with orthonormal Q, the leading generalised eigenvector of (A_in, A_out +
    εI), A_in = (P_in JQ)ᵀ(P_in JQ): the largest ‖P_in Jv‖² / (‖P_out Jv‖² + ε‖v‖²). Without ε a
    direction of no effect at all would win.

    Args:
        moved: JQ. With Q the identity it is J, and c is v.
        inside: (feature) booleans.
        floor: ε over the largest eigenvalue of A_in.

    Returns:
        c, of length 1.

    Raises:
        ValueError: the floor is not positive, or nothing inside moves.
    """
    if not floor > 0:
        raise ValueError(f"floor: {floor} is not positive")
    within, without = (part.mT @ part for part in (moved[..., inside, :], moved[..., ~inside, :]))
    largest = torch.linalg.eigvalsh(within)[..., -1]
    if not bool((largest > 0).all()):
        raise ValueError("inside: no direction moves what is inside")
    ridge = floor * largest[..., None, None] * torch.eye(moved.shape[-1]).to(moved)
    # A_out + εI = LLᵀ, and L⁻¹A_in L⁻ᵀ has the same eigenvalues.
    lower = torch.linalg.cholesky(without + ridge)
    half = torch.linalg.solve_triangular(lower, within, upper=False)
    whitened = torch.linalg.solve_triangular(lower, half.mT, upper=False)
    leading = torch.linalg.eigh((whitened + whitened.mT) / 2).eigenvectors[..., -1:]
    return unit(torch.linalg.solve_triangular(lower.mT, leading, upper=True)[..., 0])


def locality(change: Float[Tensor, "*stack feature"], inside: Tensor) -> Float[Tensor, "*stack"]:
    """Share of a change's square that lies inside; the region's area if it is spread evenly."""
    squares = change.square()
    return squares[..., inside].sum(-1) / squares.sum(-1)


def brightening(vectors: Float[Tensor, "*stack feature"]) -> Float[Tensor, "*stack feature"]:
    """The vectors, or their negatives: the sign, which no decomposition fixes, that adds light."""
    return torch.where(vectors.sum(-1, keepdim=True) < 0, -vectors, vectors)
