"""Forward kernels x_t = α x_0 + β ε as adapters to the denoiser.

A kernel is named by its σ = β/α instead of its time: x_t/α = x_0 + σε, so whatever a network of any
kernel predicts at x_t = αx becomes D(x; σ), and one solver serves them all. Kernels: Song et al.
2021 (arXiv:2011.13456), appendix B; change of variables: Karras et al. 2022 (arXiv:2206.00364),
appendix C.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma, broadcast_sigma

Level = TypeVar("Level", float, Tensor)


@dataclass(frozen=True)
class Kernel:
    """A forward kernel: `alpha` takes σ to the signal's scale α, and `sigma` α to σ.

    Both take floats or tensors. Where α is constant there is no way back.
    """

    alpha: Callable[[Level], Level]
    sigma: Callable[[Level], Level] | None = None

    def beta(self, sigma: Level) -> Level:
        """The noise's scale β = ασ."""
        return self.alpha(sigma) * sigma


def _variance_exploding(sigma: Level) -> Level:
    """α = 1."""
    return sigma**0


def _variance_preserving(sigma: Level) -> Level:
    """α² + β² = 1."""
    return (1 + sigma**2) ** -0.5


def _sub_variance_preserving(sigma: Level) -> Level:
    """β = 1 − α²: α = (√(σ²+4) − σ)/2, written without the difference, which cancels at large σ."""
    return 2 / ((sigma**2 + 4) ** 0.5 + sigma)


KERNELS = {
    "ve": Kernel(_variance_exploding),
    "vp": Kernel(_variance_preserving, lambda alpha: (alpha**-2 - 1) ** 0.5),
    "sub_vp": Kernel(_sub_variance_preserving, lambda alpha: 1 / alpha - alpha),
}


def epsilon_to_denoiser(epsilon: Denoiser, kernel: Kernel) -> Denoiser:
    """The denoiser of a noise predictor: D(x; σ) = x − σ ε(αx, σ).

    Args:
        epsilon: predicts the unit noise in x_t = αx, shape of x, given (x_t, σ); σ arrives as the
            solver gave it.
        kernel: the kernel `epsilon` was trained under.
    """

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        level = broadcast_sigma(sigma, x)
        return x - level * epsilon(kernel.alpha(level) * x, sigma)

    return denoise


def posterior_mean_to_denoiser(posterior_mean: Denoiser, kernel: Kernel) -> Denoiser:
    """The denoiser of a data predictor: D(x; σ) = E[x_0 | x_t = αx].

    Args:
        posterior_mean: predicts x_0, shape of x, given (x_t, σ); σ arrives as the solver gave it.
        kernel: the kernel `posterior_mean` was trained under.
    """

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        return posterior_mean(kernel.alpha(broadcast_sigma(sigma, x)) * x, sigma)

    return denoise
