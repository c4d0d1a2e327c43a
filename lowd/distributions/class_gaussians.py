"""Classes that are Gaussians: exact denoisers with and without the class, and guidance's parts."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.distributions.arrays import ArrayLike, as_floating
from lowd.distributions.molrg import MoLRG

PARTS = ("shift", "positive", "negative")
"""Of linear guidance: mean shift, positive and negative contrastive principal components."""


class ClassGaussians:
    """Class k is N(μ_k, Σ_k), of probability π_k; all together a mixture.

    Beside the mixture there is the Gaussian of its mean and covariance, with which guidance is
    linear: D_c − D_u = (I − W_u)(μ_c − μ_u) + (W_c − W_u)(x − μ_c), W = Σ(Σ + σ²I)⁻¹. The first
    term shifts means; of the second, the parts of positive and of negative eigenvalues add and take
    variance along contrastive principal components (Li et al. 2025, arXiv:2505.19210).

    Args:
        means: μ, (K, d).
        covariances: Σ, (K, d, d), possibly singular.
        weights: π, (K,), normalised here; equal by default.

    Raises:
        ValueError: shapes do not fit.
    """

    def __init__(
        self, means: ArrayLike, covariances: ArrayLike, weights: ArrayLike | None = None
    ) -> None:
        self.means = as_floating(means).to(torch.float64)
        self.covariances = as_floating(covariances).to(torch.float64)
        classes, dimension = self.means.shape
        if self.covariances.shape != (classes, dimension, dimension):
            raise ValueError(
                f"covariances have shape {tuple(self.covariances.shape)}; means of shape "
                f"{tuple(self.means.shape)} need {(classes, dimension, dimension)}"
            )
        given = torch.ones(classes) if weights is None else as_floating(weights)
        self.weights = given.to(torch.float64) / given.sum()
        self.mean = self.weights @ self.means
        offset = self.means - self.mean
        between = torch.einsum("k,ki,kj->ij", self.weights, offset, offset)
        self.covariance = torch.einsum("k,kij->ij", self.weights, self.covariances) + between
        values, self._axes = torch.linalg.eigh(torch.cat([self.covariances, self.covariance[None]]))
        self._variances = values.clamp(min=0)
        self._known: dict[float, dict[str, Tensor]] = {}

    @classmethod
    def fitted(
        cls, points: Float[Tensor, " point *shape"], labels: Int[Tensor, " point"]
    ) -> "ClassGaussians":
        """With mean and covariance (divisor n) of each class's points, classes from 0 up."""
        flat = points.flatten(1).to(torch.float64)
        own = [flat[labels == k] for k in range(int(labels.max()) + 1)]
        means = torch.stack([rows.mean(dim=0) for rows in own])
        covariances = torch.stack([torch.cov(rows.mT, correction=0) for rows in own])
        return cls(means, covariances, torch.tensor([float(len(rows)) for rows in own]))

    @property
    def classes(self) -> int:
        """K."""
        return len(self.means)

    @property
    def mixture(self) -> MoLRG:
        """All classes together, exactly."""
        return MoLRG(self._axes[:-1], self.weights, self._variances[:-1], self.means)

    def conditional(self, labels: Int[Tensor, " noise"]) -> Denoiser:
        """D(x; σ | class) of rows with these classes, x (M, *shape), sigma a float."""

        def denoise(x: Tensor, sigma: Sigma) -> Tensor:
            shrink = self._at(float(sigma))["own"]
            flat = x.flatten(1).to(torch.float64)
            made = self.means[labels] + _by_class(flat - self.means[labels], shrink, labels)
            return made.reshape(x.shape).to(x.dtype)

        return denoise

    def without_class(
        self, labels: Int[Tensor, " noise"], parts: Sequence[str] = PARTS
    ) -> Denoiser:
        """D_c less the given parts of linear guidance.

        All parts give the Gaussian's denoiser; fewer, what guidance by these parts alone pushes
        away from. Rows, classes and σ as of `conditional`.
        """
        conditional = self.conditional(labels)

        def denoise(x: Tensor, sigma: Sigma) -> Tensor:
            made = self.guidance(x, sigma, labels, parts)
            return conditional(x, sigma) - made.to(x.dtype)

        return denoise

    def guidance(
        self,
        x: Float[Tensor, " noise *shape"],
        sigma: Sigma,
        labels: Int[Tensor, " noise"],
        parts: Sequence[str] = PARTS,
    ) -> Float[Tensor, " noise *shape"]:
        """The sum of the given parts of D_c − D_u, D_u the Gaussian's, in float64."""
        known = self._at(float(sigma))
        flat = x.flatten(1).to(torch.float64)
        offset, total = flat - self.means[labels], torch.zeros_like(flat)
        for part in parts:
            if part == "shift":
                total += known["shift"][labels]
            else:
                total += _by_class(offset, known[part], labels)
        return total.reshape(x.shape)

    def _at(self, sigma: float) -> dict[str, Tensor]:
        """W_k, and the parts of every class at one σ; kept, since flows come back to their σ."""
        if sigma not in self._known:
            gains = self._variances / (self._variances + sigma**2)
            shrink = (self._axes * gains[:, None]) @ self._axes.mT
            own, pooled = shrink[:-1], shrink[-1]
            values, axes = torch.linalg.eigh(own - pooled)
            self._known[sigma] = {
                "own": own,
                "shift": (self.means - self.mean) - (self.means - self.mean) @ pooled,
                "positive": (axes * values.clamp(min=0)[:, None]) @ axes.mT,
                "negative": (axes * values.clamp(max=0)[:, None]) @ axes.mT,
            }
        return self._known[sigma]


def _by_class(
    rows: Float[Tensor, "noise feature"],
    matrices: Float[Tensor, "kind feature feature"],
    labels: Int[Tensor, " noise"],
) -> Float[Tensor, "noise feature"]:
    """Every row times the symmetric matrix of its class."""
    made = torch.empty_like(rows)
    for k, matrix in enumerate(matrices):
        mine = labels == k
        made[mine] = rows[mine] @ matrix
    return made
