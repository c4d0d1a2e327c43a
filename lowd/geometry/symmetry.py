"""Two signs by which a Jacobian shows that it is no exact denoiser's.

D(x; σ) = E[x_0|x] has J = Cov[x_0|x]/σ², which is symmetric and positive semidefinite (Miyasawa's
or Tweedie's formula, differentiated once more; e.g. Manor and Michaeli 2024, arXiv:2309.13598).
A network's need not be.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def asymmetry(
    jacobian: Float[Tensor, "*noise feature feature"],
) -> Float[Tensor, "*noise"]:
    """‖J − Jᵀ‖/‖J‖ in Frobenius norm: 0 for an exact denoiser, about √2 for a random matrix."""
    apart = torch.linalg.matrix_norm(jacobian - jacobian.mT)
    return apart / torch.linalg.matrix_norm(jacobian)


def negative_part(
    jacobian: Float[Tensor, "*noise feature feature"],
) -> Float[Tensor, "*noise"]:
    """Norm of the negative eigenvalues of (J + Jᵀ)/2, over ‖J‖_F; 0 for an exact denoiser."""
    values = torch.linalg.eigvalsh((jacobian + jacobian.mT) / 2)
    return values.clamp(max=0).norm(dim=-1) / torch.linalg.matrix_norm(jacobian)
