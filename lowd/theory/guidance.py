"""Guidance between two Gaussians in closed form: where it carries them, and how much it narrows.

Guidance D_c + γ(D_c − D_u) of N(μ_c, Σ_c) against N(μ_u, Σ_u) is linear in x, so that its flow is
affine. Where both covariances share an eigenvector, with eigenvalues λ_c and λ_u, the flow along it
solves a scalar linear ODE (Li et al. 2025, arXiv:2505.19210, treat the same model); its determinant
needs no shared eigenvector at all.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.special import beta, betainc


def gain(conditional: float, unconditional: float, weight: float, sigma_max: float) -> float:
    """How much of an offset at σ = T is left at 0, along a shared eigenvector.

    The homogeneous solution is z ∝ (λ_c + σ²)^{(1+γ)/2} (λ_u + σ²)^{−γ/2}.

    Args:
        conditional: λ_c, positive.
        unconditional: λ_u, positive.
        weight: γ.
        sigma_max: T.
    """
    there = sigma_max**2
    narrowed = (conditional / (conditional + there)) ** ((1 + weight) / 2)
    return narrowed * (unconditional / (unconditional + there)) ** (-weight / 2)


def mean_shift(conditional: float, unconditional: float, weight: float, sigma_max: float) -> float:
    """s, by which the end's mean is μ_c + gain·(m_T − μ_c) + s(μ_c − μ_u).

    s = γ h(0) ∫₀ᵀ σ / ((λ_u + σ²) h(σ)) dσ with h the homogeneous solution: γ(1 − gain) where the
    eigenvalues are equal, a difference of incomplete beta functions where λ_c > λ_u, and by
    quadrature where λ_c < λ_u. Arguments as of `gain`.
    """
    if weight == 0:
        return 0.0
    if conditional == unconditional:
        return weight * (1 - gain(conditional, unconditional, weight, sigma_max))
    start = conditional ** ((1 + weight) / 2) * unconditional ** (-weight / 2)
    if conditional < unconditional:
        return weight * start * shift_integral(conditional, unconditional, weight, sigma_max)
    there = (unconditional + sigma_max**2) / (conditional + sigma_max**2)
    half = weight / 2
    span = betainc(half, 0.5, there) - betainc(half, 0.5, unconditional / conditional)
    root = np.sqrt(conditional - unconditional)
    return float(weight * start * beta(half, 0.5) * span / (2 * root))


def shift_integral(
    conditional: float, unconditional: float, weight: float, sigma_max: float
) -> float:
    """∫₀ᵀ σ (λ_u + σ²)^{γ/2 − 1} (λ_c + σ²)^{−(1+γ)/2} dσ, by quadrature over ln(λ_u + σ²)."""

    # In the logarithm the integrand is smooth however small λ_u is beside T².
    def integrand(log: float) -> float:
        noisy = np.exp(log)
        return noisy ** (weight / 2) * (noisy + conditional - unconditional) ** (-(1 + weight) / 2)

    ends = np.log(unconditional), np.log(unconditional + sigma_max**2)
    return float(quad(integrand, *ends, epsabs=1e-13, epsrel=1e-12, limit=500)[0] / 2)


def end_deviation(conditional: float, unconditional: float, weight: float) -> float:
    """Standard deviation where the flow ends, T → ∞: √λ_c (λ_c/λ_u)^{γ/2}."""
    return float(np.sqrt(conditional) * (conditional / unconditional) ** (weight / 2))


def tilted_deviation(conditional: float, unconditional: float, weight: float) -> float:
    """That of the density ∝ p_c^{1+γ} p_u^{−γ}, which the flow does not end in; ∞ if it is none."""
    precision = (1 + weight) / conditional - weight / unconditional
    return float(precision**-0.5) if precision > 0 else np.inf


def log_determinant(
    conditional: ArrayLike, unconditional: ArrayLike, weight: float, sigma_max: float
) -> float:
    """Logarithm of the determinant of the guided flow from σ = T to 0, of any two Gaussians.

    By Liouville's formula it integrates the trace of (I − (1+γ)W_c + γW_u)/σ, W = Σ(Σ + σ²)⁻¹,
    and a trace does not ask whether covariances commute:
    (1+γ)/2 Σ ln(λ_c/(λ_c + T²)) − γ/2 Σ ln(λ_u/(λ_u + T²)).

    Args:
        conditional: eigenvalues of Σ_c, (d,), positive.
        unconditional: eigenvalues of Σ_u, (d,), positive.
        weight: γ.
        sigma_max: T.
    """
    ours, theirs = (np.asarray(values, np.float64) for values in (conditional, unconditional))
    own, other = (np.log(v / (v + sigma_max**2)).sum() for v in (ours, theirs))
    return float((1 + weight) / 2 * own - weight / 2 * other)


def guided_entropy_change(conditional: ArrayLike, unconditional: ArrayLike, weight: float) -> float:
    """Entropy under guidance less h_c, T → ∞: −γ(h_u − h_c), in nats; arguments as above."""
    own, other = (
        np.log(np.asarray(values, np.float64)).sum() for values in (conditional, unconditional)
    )
    return float(weight / 2 * (own - other))
