"""The Gaussian: its denoiser, its flow map and the distance between two flows in closed form."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real, Sigma, broadcast_sigma
from lowd.distributions.arrays import ArrayLike, as_floating


class Gaussian:
    """N(μ, Σ), Σ possibly singular.

    Args:
        mean: μ, (*shape); d is the product of shape.
        covariance: Σ, (d, d), of the flattened data.

    Raises:
        ValueError: the covariance's shape is not (d, d), or it is not symmetric positive
            semidefinite to 1e-5 of its largest eigenvalue.
    """

    def __init__(self, mean: ArrayLike, covariance: ArrayLike) -> None:
        self.mean = as_floating(mean)
        self.covariance = as_floating(covariance)
        dimension = self.mean.numel()
        if self.covariance.shape != (dimension, dimension):
            raise ValueError(
                f"covariance has shape {tuple(self.covariance.shape)}; "
                f"a mean of {dimension} numbers needs {(dimension, dimension)}"
            )
        dense = self.covariance.to(torch.float64)
        eigenvalues, self._axes = torch.linalg.eigh((dense + dense.mT) / 2)
        largest = eigenvalues[-1].clamp(min=0)
        asymmetry, lowest = (dense - dense.mT).abs().max(), eigenvalues[0]
        if max(asymmetry, -lowest) > 1e-5 * largest:
            raise ValueError(
                f"covariance is not symmetric positive semidefinite: lowest eigenvalue "
                f"{lowest:.3g}, asymmetry {asymmetry:.3g}, largest eigenvalue {largest:.3g}"
            )
        # Below this an eigenvalue is the decomposition's rounding of 0, as in a numerical rank.
        floor = dimension * torch.finfo(torch.float64).eps * largest
        self._variances = torch.where(eigenvalues > floor, eigenvalues, 0.0)
        self._centre = self.mean.flatten().to(torch.float64)

    def to(self, device: torch.device | str) -> "Gaussian":
        """The same distribution on another device."""
        return Gaussian(self.mean.to(device), self.covariance.to(device))

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, " sample *shape"]:
        """`n` draws, (n, *shape) in the mean's dtype; `generator` is on the CPU."""
        unit = torch.randn(n, self.mean.numel(), generator=generator, dtype=torch.float64)
        scaled = unit.to(self.mean.device) * self._variances.sqrt()
        return (
            (self._centre + scaled @ self._axes.mT).to(self.mean.dtype).reshape(n, *self.mean.shape)
        )

    def denoise(
        self, x: Float[Tensor, " noise *shape"], sigma: Sigma
    ) -> Float[Tensor, " noise *shape"]:
        """The Wiener denoiser D(x; σ) = μ + Σ(Σ + σ²I)⁻¹(x − μ).

        Args:
            x: (M, *shape).
            sigma: positive level, one or (M,).

        Returns:
            (M, *shape) in x's dtype, computed in float64.
        """
        level = broadcast_sigma(sigma, x.flatten(1).to(torch.float64))
        return self._shrink(x, self._variances / (self._variances + level**2))

    def flow(
        self, noise: Float[Tensor, " noise *shape"], sigma_max: Real, sigma_min: Real = 0.0
    ) -> Float[Tensor, " noise *shape"]:
        """The exact flow map Φ(x_T) = μ + (Σ + s²I)^{½}(Σ + T²I)^{−½}(x_T − μ) from σ = T to s.

        Along an eigenvector of Σ with eigenvalue λ the probability-flow ODE for z = x − μ reads
        dz/dσ = σz/(λ + σ²), whose solution is z ∝ √(λ + σ²).

        Args:
            noise: x_T, (M, *shape), at scale sigma_max.
            sigma_max: T.
            sigma_min: s; 0 gives the end of the flow.

        Returns:
            (M, *shape) in the noise's dtype, computed in float64.
        """
        ratio = (self._variances + sigma_min**2) / (self._variances + sigma_max**2)
        return self._shrink(noise, ratio.sqrt())

    def flow_matrix(self, sigma_max: Real) -> Float[Tensor, "feature feature"]:
        """A = Σ^{½}(Σ + T²I)^{−½}, the linear part of the flow from T to 0, in float64."""
        gain = (self._variances / (self._variances + sigma_max**2)).sqrt()
        return (self._axes * gain) @ self._axes.mT

    def _shrink(self, x: Tensor, gain: Tensor) -> Tensor:
        """μ + V diag(gain) Vᵀ(x − μ), V the eigenvectors of Σ."""
        offset = x.flatten(1).to(torch.float64) - self._centre
        shrunk = self._centre + (offset @ self._axes * gain) @ self._axes.mT
        return shrunk.reshape(x.shape).to(x.dtype)


def gaussian_flow_distance(p: Gaussian, q: Gaussian, sigma_max: Real) -> float:
    """Probability flow distance between two Gaussians, descriptor the identity, in closed form.

    Each flow is affine, Φ(x_T) = (I − A)μ + A x_T with A = Σ^{½}(Σ + T²I)^{−½}, so the difference
    of two flows of one noise x_T ~ N(0, T²I) is Gaussian with mean b = (I − A_p)μ_p − (I − A_q)μ_q
    and covariance T²(A_p − A_q)(A_p − A_q)ᵀ, and its mean square is

        PFD² = ‖b‖² + T² ‖A_p − A_q‖_F².

    The distance itself: Zhang et al. 2025 (arXiv:2505.20123), definition 1.

    Args:
        p: one Gaussian.
        q: the other, of the same dimension.
        sigma_max: T, in data units.

    Raises:
        ValueError: the dimensions differ.
    """
    if p.mean.numel() != q.mean.numel():
        raise ValueError(
            f"the Gaussians have {p.mean.numel()} and {q.mean.numel()} dimensions; "
            "a flow distance needs equal ones"
        )
    origin = torch.zeros(1, *p.mean.shape, dtype=torch.float64, device=p.mean.device)
    offset = (p.flow(origin, sigma_max).flatten() - q.flow(origin, sigma_max).flatten()).square()
    spread = (p.flow_matrix(sigma_max) - q.flow_matrix(sigma_max)).square()
    return float((offset.sum() + sigma_max**2 * spread.sum()).sqrt())
