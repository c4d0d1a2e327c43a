"""What a linear denoiser of N samples of a Gaussian knows of it, as N and d grow together.

Its flow carries unit noise by Σ̂^½, the root of the samples' second moments. Two such students of
disjoint data converge in all directions at once; the leading ones are recovered each at an N of its
own (Maillard & Goldt 2026, arXiv:2605.21402). Variances Σ have eigenvalues λ_1 ≥ … ≥ λ_d.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

POINTS = 8000
"""Of the integral, which are spaced by a constant ratio."""


def convergence(variances: ArrayLike, samples: int) -> float:
    """Overlap q = tr (E Σ̂^½)² / tr Σ of two students' samples of one noise.

    Of two independent students E tr Σ̂₁^½Σ̂₂^½ is tr (E Σ̂^½)². In the basis of Σ the expectation is
    diagonal, and by Σ̂^½ = (2/π) ∫ Σ̂ (Σ̂ + u²)⁻¹ du and the deterministic equivalent
    E Σ̂ (Σ̂ + u²)⁻¹ → Σ (Σ + κ)⁻¹, with u² = κ (1 − (1/N) Σ_i λ_i/(λ_i + κ)), it is

        (2/π) ∫_0^∞ λ_j / (λ_j + κ(u)) du.

    For Σ = I that is the mean root of Marchenko and Pastur's law: (8/3π)² where N = d. It rises
    as N/d at first, and to 1.

    Args:
        variances: λ, positive.
        samples: N.
    """
    values = np.asarray(variances, float)

    def squared_level(ridge: NDArray[np.float64]) -> NDArray[np.float64]:
        return ridge * (1 - (values / (values + ridge[:, None])).sum(1) / samples)

    largest = values.max()
    lowest = 0.0
    if samples < len(values):
        # Fewer points than dimensions: some of the ridge is there without any noise.
        lowest = brentq(
            lambda ridge: (values / (values + ridge)).sum() - samples,
            1e-12 * values.min(),
            largest * len(values) / samples,
            xtol=1e-15,
        )
    steps = largest * np.geomspace(1e-10, 1e8, POINTS)
    level = np.sqrt(squared_level(lowest + steps).clip(0))
    held = values / (values + lowest + steps[:, None])
    inner = np.trapezoid(held, level, axis=0)
    # Below the first level the integrand is even, beyond the last it falls as λ/u².
    roots = 2 / np.pi * (inner + held[0] * level[0] + values / level[-1])
    return float((roots**2).sum() / values.sum())


def onset(variances: ArrayLike, directions: int) -> NDArray[np.float64]:
    """N up to which nothing of each leading direction is known: Σ_i λ_i²/(λ_j − λ_i)².

    The sum is over all others but the leading ones. For θ above a variance of 1 it is d/θ² (Baik,
    Ben Arous & Péché 2005); for any others see Bai & Yao 2012.

    Args:
        variances: λ, descending.
        directions: k, how many lead.

    Returns:
        N, (k,).
    """
    leading, others = _parted(variances, directions)
    return np.asarray(((others / (leading - others)) ** 2).sum(1))


def recovery(variances: ArrayLike, samples: int, directions: int) -> NDArray[np.float64]:
    """Q_j, the share of a true leading direction within the student's leading ones.

    (1 − (1/N) Σ_i λ_i²/(λ_j − λ_i)²) / (1 + (1/N) Σ_i λ_i/(λ_j − λ_i)) from the onset on, 0 before:
    for θ above a variance of 1 and c = d/N that is (1 − c/θ²)/(1 + c/θ) (Paul 2007). It is exact
    in the limit of k directions apart from all others; where the last of them lies close to the
    first that does not lead, as in a power law, a finite d blurs it.

    Args:
        variances: λ, descending.
        samples: N.
        directions: k, how many lead.

    Returns:
        Shares, (k,).
    """
    leading, others = _parted(variances, directions)
    known = 1 - onset(variances, directions) / samples
    return np.asarray(known.clip(0) / (1 + (others / (leading - others)).sum(1) / samples))


def _parted(
    variances: ArrayLike, directions: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = np.asarray(variances, float)
    return values[:directions, None], values[directions:]
