"""Mixture of low-rank Gaussians: the data model of subspace clustering, with its exact denoiser.

Wang et al. 2024 (arXiv:2409.02426), lemma 1, extended here to means, to variances
within a subspace and to subspaces that are not mutually orthogonal.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.distributions.arrays import ArrayLike, as_floating


class MoLRG:
    """Σ_k π_k N(μ_k, U_k Λ_k U_kᵀ), Λ_k = diag(λ_k1..λ_kr).

    Args:
        bases: U, (K, d, r), the columns of each U_k orthonormal.
        weights: π, (K,), not negative, normalised here to sum 1; equal by default.
        variances: λ, broadcastable to (K, r), not negative; 1 by default.
        means: μ, (K, d); 0 by default.

    Raises:
        ValueError: a shape does not fit the bases, a basis is not orthonormal to 1e-5, or a weight
            or variance is negative.
    """

    def __init__(
        self,
        bases: ArrayLike,
        weights: ArrayLike | None = None,
        variances: ArrayLike | None = None,
        means: ArrayLike | None = None,
    ) -> None:
        bases = as_floating(bases)
        if bases.ndim != 3:
            raise ValueError(f"bases has shape {tuple(bases.shape)}; it needs (K, d, r)")
        clusters, dimension, rank = bases.shape
        self.dtype = bases.dtype
        self.bases = bases.to(torch.float64)
        self.weights = self._parameter("weights", weights, 1.0, (clusters,))
        self.variances = self._parameter("variances", variances, 1.0, (clusters, rank))
        self.means = self._parameter("means", means, 0.0, (clusters, dimension))

        gram = self.bases.mT @ self.bases
        identity = torch.eye(rank, dtype=gram.dtype, device=gram.device)
        worst = (gram - identity).abs().amax(dim=(1, 2))
        if worst.max() > 1e-5:
            raise ValueError(
                f"bases[{int(worst.argmax())}] has columns that are not orthonormal (UᵀU differs "
                f"from I by {worst.max():.3g}); orthonormalise each, e.g. torch.linalg.qr(bases).Q"
            )
        if not (self.weights.sum() > 0 and self.weights.min() >= 0 and self.variances.min() >= 0):
            raise ValueError(
                f"weights {self.weights.tolist()} and variances must not be negative, "
                "and some weight must be positive"
            )
        self.weights = self.weights / self.weights.sum()

    @classmethod
    def random(
        cls, clusters: int, dimension: int, rank: int, generator: torch.Generator
    ) -> "MoLRG":
        """Uniformly random mutually orthogonal bases, equal weights, unit variances, zero means.

        Raises:
            ValueError: clusters · rank exceeds dimension.
        """
        if clusters * rank > dimension:
            raise ValueError(
                f"{clusters} orthogonal subspaces of rank {rank} need {clusters * rank} "
                f"dimensions, but dimension is {dimension}; lower clusters or rank"
            )
        normal = torch.randn(dimension, clusters * rank, generator=generator, dtype=torch.float64)
        frame, triangle = torch.linalg.qr(normal)
        # Without fixed signs the frame is neither uniform nor the same from one LAPACK to another.
        frame = frame * triangle.diagonal().sign()
        return cls(frame.reshape(dimension, clusters, rank).movedim(1, 0))

    def to(self, device: torch.device | str) -> "MoLRG":
        """The same distribution on another device."""
        moved = (self.bases, self.weights, self.variances, self.means)
        copy = MoLRG(*(parameter.to(device) for parameter in moved))
        copy.dtype = self.dtype
        return copy

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, "sample feature"]:
        """`n` draws, (n, d) in the dtype the bases were given in; `generator` is on the CPU."""
        return self.sample_labelled(n, generator)[0]

    def sample_labelled(
        self, n: int, generator: torch.Generator
    ) -> tuple[Float[Tensor, "sample feature"], Int[Tensor, " sample"]]:
        """What `sample` draws, (n, d), and the cluster of each draw, (n,)."""
        cluster = torch.multinomial(self.weights.cpu(), n, replacement=True, generator=generator)
        unit = torch.randn(n, self.bases.shape[2], generator=generator, dtype=torch.float64)
        cluster, unit = cluster.to(self.bases.device), unit.to(self.bases.device)
        coordinates = unit * self.variances[cluster].sqrt()
        drawn = self.means[cluster]
        for k, basis in enumerate(self.bases):
            mine = cluster == k
            drawn[mine] += coordinates[mine] @ basis.mT
        return drawn.to(self.dtype), cluster

    def posterior(
        self, x: Float[Tensor, " noise *shape"], sigma: Sigma
    ) -> Float[Tensor, "noise cluster"]:
        """P(cluster | x) at noise level σ, the weights of `denoise`, in float64."""
        flat = x.flatten(1).to(torch.float64)
        return self._seen(flat, broadcast_sigma(sigma, flat) ** 2)[1]

    def denoise(
        self, x: Float[Tensor, " noise *shape"], sigma: Sigma
    ) -> Float[Tensor, " noise *shape"]:
        """The posterior mean, a mixture of the clusters' Wiener denoisers.

        With c_k = U_kᵀ(x − μ_k) and residual ρ_k = x − μ_k − U_k c_k, the noisy cluster density is
        N(c_k; 0, Λ_k + σ²) N(ρ_k; 0, σ²I) for any orthonormal U_k, hence

            D = Σ_k w_k [μ_k + U_k Λ_k (Λ_k + σ²)⁻¹ c_k],
            log w_k = log π_k − ½ Σ_j [log(1 + λ_kj/σ²) + c_kj²/(λ_kj + σ²)] − ‖ρ_k‖²/2σ² + const.

        Unit variances, zero means and mutually orthogonal bases give lemma 1's
        w_k ∝ π_k exp(‖U_kᵀx‖²/(2σ²(1 + σ²))).

        Args:
            x: (M, *shape), the product of shape being d.
            sigma: positive level, one or (M,).

        Returns:
            (M, *shape) in x's dtype, computed in float64.
        """
        flat = x.flatten(1).to(torch.float64)
        variance = broadcast_sigma(sigma, flat) ** 2
        inside, weights = self._seen(flat, variance)
        gains = self.variances / (self.variances + variance[..., None])
        shrunk = weights[..., None] * inside * gains
        denoised = weights @ self.means + torch.einsum("mkr,kdr->md", shrunk, self.bases)
        return denoised.reshape(x.shape).to(x.dtype)

    def _seen(
        self, flat: Float[Tensor, "noise feature"], variance: Tensor
    ) -> tuple[Float[Tensor, "noise cluster direction"], Float[Tensor, "noise cluster"]]:
        """Coordinates c_k of noisy points in every subspace, and the clusters' weights w_k."""
        coordinates, residuals = [], []
        for basis, mean in zip(self.bases, self.means, strict=True):
            offset = flat - mean
            inside = offset @ basis
            coordinates.append(inside)
            residuals.append((offset - inside @ basis.mT).square().sum(dim=1))
        inside, outside = torch.stack(coordinates, dim=1), torch.stack(residuals, dim=1)

        noisy = self.variances + variance[..., None]
        log_weights = (
            self.weights.log()
            - torch.log1p(self.variances / variance[..., None]).sum(dim=-1) / 2
            - (inside.square() / noisy).sum(dim=-1) / 2
            - outside / (2 * variance)
        )
        return inside, log_weights.softmax(dim=1)

    def _parameter(
        self, name: str, values: ArrayLike | None, default: float, shape: tuple[int, ...]
    ) -> Tensor:
        """`values` in float64 beside the bases, expanded to `shape`."""
        given = self.bases.new_tensor(default) if values is None else as_floating(values)
        try:
            return given.to(self.bases).expand(shape)
        except RuntimeError as error:
            raise ValueError(
                f"{name} has shape {tuple(given.shape)}; the bases {tuple(self.bases.shape)} "
                f"need {shape}"
            ) from error
