"""The directions that a teacher's samples vary in, and what samples are like within them."""

from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.noise_levels import sampler_levels
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers.flow import probability_flow
from lowd.distributions.gaussian import Gaussian
from lowd.metrics.entropy import entropy, gaussian_entropy
from lowd.metrics.estimate import Estimate, mean_estimate

LEAST = 1e-3
"""The least variance of a direction that counts, in parts of the largest."""


class Span(NamedTuple):
    """Mean (feature,), orthonormal directions (feature, direction) and the variances in them."""

    mean: Float[Tensor, " feature"]
    basis: Float[Tensor, "feature direction"]
    variances: Float[Tensor, " direction"]

    def coordinates(self, samples: np.ndarray | Tensor) -> Float[Tensor, "sample direction"]:
        """Where samples (sample, *shape) lie within."""
        return (torch.as_tensor(samples).flatten(1).double() - self.mean) @ self.basis

    def outside(self, samples: np.ndarray | Tensor) -> Float[Tensor, " sample"]:
        """Squared distances of samples from it."""
        offset = torch.as_tensor(samples).flatten(1).double() - self.mean
        return (offset - offset @ self.basis @ self.basis.mT).square().sum(dim=1)


def span_of(pool: np.ndarray) -> Span:
    """The span of a teacher's samples (sample, *shape): exact where they lie on a subspace."""
    points = torch.from_numpy(pool).flatten(1).double()
    mean = points.mean(dim=0)
    values, vectors = torch.linalg.eigh((points - mean).mT @ (points - mean) / len(points))
    kept = values > LEAST * values[-1]
    return Span(mean, vectors[:, kept], values[kept])


def entropies(samples: np.ndarray | Tensor, span: Span) -> dict[str, Estimate]:
    """Of finite samples, within the span.

    Returns:
        `entropy_samples` by nearest neighbours, `entropy_gaussian` of the Gaussian of their
        covariance, in nats; `trace` and `least`, the sum and the least of the variances along its
        axes; `outside`, the mean squared distance from the span. What does not exist is NaN.
    """
    inside = span.coordinates(samples)
    count, dimension = inside.shape
    squares = (inside - inside.mean(dim=0)).square().sum(dim=1)
    covariance = np.cov(inside.numpy(), rowvar=False, bias=True).reshape(dimension, dimension)
    least = float(np.linalg.eigvalsh(covariance)[0])
    beyond = span.outside(samples)
    gaussian = gaussian_entropy(covariance)
    return {
        "entropy_samples": existing(entropy(inside)),
        # Errors of a Gaussian's determinant and least variance, to first order.
        "entropy_gaussian": existing(Estimate(gaussian, sqrt(dimension / (2 * count)))),
        "trace": mean_estimate(squares),
        "least": Estimate(least, least * sqrt(2 / count)),
        "outside": mean_estimate(beyond),
    }


def existing(estimate: Estimate) -> Estimate:
    """The estimate, or NaN where it is −∞, as of samples that coincide."""
    return Estimate(nan, nan) if estimate.value == -inf else estimate


def solver_gain(span: Span, sampler: SamplerSettings) -> float:
    """Nats that solver and σ_max add to the Gaussian of the span's variances in one generation.

    The exact flow adds none. A start at σ_max ε in place of (Σ + σ_max²)^½ ε takes entropy away, a
    coarse grid may give or take.
    """
    law = Gaussian(torch.zeros_like(span.variances), span.variances.diag())
    sigmas = sampler_levels(sampler)
    start = torch.full((1, len(span.variances)), sampler.sigma_max, dtype=torch.float64)
    reached = probability_flow(law.denoise, start, sigmas, sampler.solver)[0]
    return float((reached.abs() / span.variances.sqrt()).log().sum())


def control_entropy(pool: Float[Tensor, "sample direction"], count: int, sets: int) -> Estimate:
    """Mean entropy of up to `sets` disjoint sets of `count` of the teacher's own samples."""
    found = [entropy(one).value for one in pool.split(count)[:sets] if len(one) == count]
    error = float(np.std(found, ddof=1)) / sqrt(len(found)) if len(found) > 1 else nan
    return Estimate(float(np.mean(found)), error)
