"""What detectors make of a state, a vector each, whose cosine with the key is the score.

The most powerful test for a small shift Δ of a state y is by −Δᵀ∇log p(y), and the score of the
noisy density is (D(y; σ) − y)/σ²: so a denoiser's residual is evidence. Of Gaussian data it is that
of whitening, y − D(y; σ) = σ²(Σ + σ²)⁻¹(y − μ).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real

PIXEL_SIGMA = 0.1
"""The noise level at which an image passes for a state, where a key was added to its pixels."""


@dataclass(frozen=True)
class Spread:
    """Mean and covariance of images.

    Attributes:
        mean: (feature).
        axes: eigenvectors of the covariance, a column each.
        variances: their eigenvalues, ascending.
    """

    mean: Float[Tensor, " feature"]
    axes: Float[Tensor, "feature axis"]
    variances: Float[Tensor, " axis"]

    @classmethod
    def of(cls, images: Float[Tensor, " image *shape"]) -> "Spread":
        """That of these images, in double precision."""
        flat = images.flatten(1).to(torch.float64)
        variances, axes = torch.linalg.eigh(torch.cov(flat.T))
        return cls(flat.mean(0), axes, variances.clamp_min(0))

    def bottom(self, count: int) -> Float[Tensor, "feature axis"]:
        """The axes along which images vary least."""
        return self.axes[:, :count]

    def plain(self, states: Float[Tensor, " noise *shape"]) -> Float[Tensor, "noise feature"]:
        """States from the mean."""
        return states.flatten(1).to(torch.float64) - self.mean

    def whitened(
        self, states: Float[Tensor, " noise *shape"], sigma: Real
    ) -> Float[Tensor, "noise feature"]:
        """(Σ + σ²)⁻¹(y − μ)."""
        return (self.plain(states) @ self.axes / (self.variances + sigma**2)) @ self.axes.mT


def residual(
    states: Float[Tensor, " noise *shape"], denoised: Float[Tensor, " noise *shape"]
) -> Float[Tensor, "noise feature"]:
    """What a denoiser takes away, y − D(y; σ)."""
    return (states - denoised).flatten(1).to(torch.float64)
