"""Gaussian students of Gaussian students: what a fit to N samples loses, generation by generation.

A student is the Gaussian of its training set's second moments about a known mean. The sum over N
squares of normal values is χ²_N, and the determinant of a Wishart matrix a product of independent
χ² (Bartlett 1933), which gives what follows.
"""

from collections.abc import Sequence

import torch
from scipy.special import digamma
from torch import Tensor

from lowd.distributions.gaussian import Gaussian, gaussian_flow_distance


def entropy_loss(samples: int, rank: int) -> float:
    """Mean entropy that one fit loses, in nats: −½ [Σ_{i=1}^r ψ((N + 1 − i)/2) + r ln(2/N)].

    About r(r + 1)/4N where N is large. It is the same whatever the covariance.

    Args:
        samples: N.
        rank: r, the dimension of the Gaussian.

    Raises:
        ValueError: N is less than r, and the fit has no density.
    """
    if samples < rank:
        raise ValueError(f"samples: {samples} span less than {rank} dimensions; give as many")
    digammas = sum(float(digamma((samples + 1 - i) / 2)) for i in range(1, rank + 1))
    return -(digammas + rank * float(torch.tensor(2 / samples, dtype=torch.float64).log())) / 2


def replaced(samples: int, generations: int) -> list[float]:
    """E[v_g²]/v² of a variance v fitted to samples of the last fit alone: (1 + 2/N)^g."""
    return [(1 + 2 / samples) ** g for g in range(1, generations + 1)]


def accumulated(samples: int, generations: int) -> list[float]:
    """E[v_g²]/v² if samples of all fits so far are kept: Π_{j≤g} (1 + 2/(N j²)), which is bounded.

    The fit is the mean over all sets, so that v_g = v_{g−1} (1 + (χ²_N/N − 1)/g).
    """
    found = [1.0]
    for g in range(1, generations + 1):
        found.append(found[-1] * (1 + 2 / (samples * g**2)))
    return found[1:]


def refreshed(samples: int, share: float, generations: int) -> list[float]:
    """E[v_g²]/v² if a share φ of every set is new samples of the first law.

    With V_g = E[v_g²]/v² − 1 it is V_1 = 2/N and
    V_{g+1} = (1 − φ)² V_g + (2/N)(φ + (1 − φ)(1 + V_g)), which has a limit for every φ above 0
    but very small ones.
    """
    found = [2 / samples]
    for _ in range(generations - 1):
        kept = (1 - share) ** 2 * found[-1]
        found.append(kept + 2 / samples * (share + (1 - share) * (1 + found[-1])))
    return [1 + excess for excess in found]


def fitted_generations(
    samples: int, rank: int, generations: int, generator: torch.Generator
) -> list[Tensor]:
    """Covariances (r, r) of a chain of fits, the first to samples of the standard Gaussian."""
    root = torch.eye(rank, dtype=torch.float64)
    found = []
    for _ in range(generations):
        drawn = torch.randn(samples, rank, generator=generator, dtype=torch.float64) @ root.mT
        found.append(drawn.mT @ drawn / samples)
        root = torch.linalg.cholesky(found[-1])
    return found


def flow_distances(covariances: Sequence[Tensor], sigma_max: float) -> list[float]:
    """Probability flow distance of each Gaussian (r, r) of a chain from the standard one."""
    rank = len(covariances[0])
    mean = torch.zeros(rank, dtype=torch.float64)
    first = Gaussian(mean, torch.eye(rank, dtype=torch.float64))
    return [gaussian_flow_distance(Gaussian(mean, one), first, sigma_max) for one in covariances]
