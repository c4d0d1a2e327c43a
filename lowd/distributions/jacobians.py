"""Jacobians of exact denoisers, in closed form.

J = ∇_x D(x; σ) = Cov[x_0|x]/σ² for any distribution: symmetric and positive semidefinite.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG


def gaussian_jacobian(gaussian: Gaussian, sigma: Real) -> Float[Tensor, "feature feature"]:
    """Σ(Σ + σ²I)⁻¹, the same at every x; float64.

    The flow from σ to 0 has the square root of it as its derivative, not J itself: it is
    `gaussian.flow_matrix(sigma)`, Σ^½(Σ + σ²I)^{−½}.
    """
    root = gaussian.flow_matrix(sigma)
    return root @ root


def molrg_jacobian(
    mixture: MoLRG, x: Float[Tensor, " noise *shape"], sigma: Real
) -> Float[Tensor, "noise feature feature"]:
    """Σ_k w_k A_k + Σ_k w_k (m_k − D)(m_k − D)ᵀ/σ² at every x; float64.

    A_k = U_kΛ_k(Λ_k + σ²)⁻¹U_kᵀ are the clusters' own Jacobians, m_k their denoised x and w_k
    their posterior weights. The first sum is what the posterior spreads within clusters, the second
    between them.

    Args:
        mixture: any means, variances and weights.
        x: noisy points.
        sigma: their noise level.
    """
    flat = x.flatten(1).to(mixture.bases)
    variance = sigma**2
    offset = flat[:, None] - mixture.means
    inside = torch.einsum("mkd,kdr->mkr", offset, mixture.bases)
    weights = mixture.posterior(x, sigma)
    gains = mixture.variances / (mixture.variances + variance)
    denoised = mixture.means + torch.einsum("mkr,kdr->mkd", inside * gains, mixture.bases)
    between = denoised - torch.einsum("mk,mkd->md", weights, denoised)[:, None]
    own = (mixture.bases * gains[:, None]) @ mixture.bases.mT
    spread = torch.einsum("mk,mkd,mke->mde", weights, between, between) / variance
    return torch.einsum("mk,kde->mde", weights, own) + spread
