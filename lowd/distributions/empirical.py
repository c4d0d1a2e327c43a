"""The empirical distribution of a training set, whose denoiser is pure memorisation."""

from math import isqrt

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Sigma, broadcast_sigma
from lowd.distributions.arrays import ArrayLike, as_floating


class Empirical:
    """(1/N) Σ_i δ(x − x_i).

    Args:
        points: x_i, (N, *shape), kept in their own dtype.
        chunk_bytes: bound on the noises-by-points block of float64 weights held at a time; the
            default stays in a CPU's cache.

    Raises:
        ValueError: no points.
    """

    def __init__(self, points: ArrayLike, chunk_bytes: int = 2**22) -> None:
        self.points = as_floating(points)
        self.chunk_bytes = chunk_bytes
        if self.points.ndim < 2 or len(self.points) == 0:
            raise ValueError(
                f"points has shape {tuple(self.points.shape)}; it needs (N, *shape), N at least 1"
            )
        self._centre = self.points.flatten(1).mean(dim=0, dtype=torch.float64)

    def to(self, device: torch.device | str) -> "Empirical":
        """The same distribution on another device."""
        return Empirical(self.points.to(device), self.chunk_bytes)

    def sample(self, n: int, generator: torch.Generator) -> Float[Tensor, " sample *shape"]:
        """`n` points drawn with replacement, (n, *shape); `generator` is on the CPU."""
        chosen = torch.randint(len(self.points), (n,), generator=generator)
        return self.points[chosen.to(self.points.device)]

    def denoise(
        self, x: Float[Tensor, " noise *shape"], sigma: Sigma
    ) -> Float[Tensor, " noise *shape"]:
        """The posterior mean Σ_i softmax_i(−‖x − x_i‖²/2σ²) x_i over all N points.

        Args:
            x: (M, *shape).
            sigma: positive level, one or (M,).

        Returns:
            (M, *shape) in x's dtype. Distances, weights and sums are float64: at σ = .002 a
            distance's rounding in float32 would decide which point wins.
        """
        flat = x.flatten(1).to(torch.float64)
        variance = (broadcast_sigma(sigma, flat) ** 2).expand(len(flat), 1)
        offset = flat - self._centre
        cells = max(1, self.chunk_bytes // flat.element_size())
        rows = max(1, min(len(flat), isqrt(cells)))
        columns = max(1, cells // rows)
        means = [
            self._weighted_mean(*block, columns)
            for block in zip(offset.split(rows), variance.split(rows), strict=True)
        ]
        denoised = self._centre + torch.cat(means)
        return denoised.reshape(x.shape).to(x.dtype)

    def _weighted_mean(self, offset: Tensor, variance: Tensor, columns: int) -> Tensor:
        """Softmax-weighted mean of the centred points, `columns` of them at a time.

        The running maximum, normaliser and sum are rescaled whenever the maximum grows (Milakov &
        Gimelshein 2018, arXiv:1805.02867). ‖x‖² is common to all points and drops out, so the
        log-weights are (x·x_i − ‖x_i‖²/2)/σ², accurate because both are centred.
        """
        peak = torch.full_like(variance, -torch.inf)
        normaliser = torch.zeros_like(variance)
        total = torch.zeros_like(offset)
        scaled = torch.cat([offset, torch.ones_like(variance)], dim=1) / variance
        for chunk in self.points.flatten(1).split(columns):
            points = chunk.to(torch.float64) - self._centre
            half_norms = points.square().sum(dim=1, keepdim=True) / 2
            logits = scaled @ torch.cat([points, -half_norms], dim=1).mT
            # A constant to the derivative: the ratio at the end does not depend on it.
            higher = torch.maximum(peak, logits.detach().amax(dim=1, keepdim=True))
            # Lower is still nothing beside the peak's 1, and exp takes thrice as long to underflow.
            weights = logits.sub_(higher).clamp(min=-700).exp_()
            decay = (peak - higher).exp()
            normaliser = normaliser * decay + weights.sum(dim=1, keepdim=True)
            total = total * decay + weights @ points
            peak = higher
        return total / normaliser
