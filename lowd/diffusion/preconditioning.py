"""EDM preconditioning: a network of unit-variance input and target, made a denoiser.

Karras et al. 2022 (arXiv:2206.00364), equation 7 and table 1.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real, Sigma, broadcast_sigma


class Coefficients(NamedTuple):
    """D(x; σ) = c_skip x + c_out F(c_in x, c_noise), each of the shape of σ."""

    c_skip: Tensor
    c_out: Tensor
    c_in: Tensor
    c_noise: Tensor


def edm_coefficients(sigma: Tensor, sigma_data: Real) -> Coefficients:
    """The coefficients that give F's input and target unit variance and amplify its errors least.

    Args:
        sigma: positive noise levels, any shape.
        sigma_data: standard deviation of the data, in the units of sigma.
    """
    total = sigma**2 + sigma_data**2
    return Coefficients(
        c_skip=sigma_data**2 / total,
        c_out=sigma * sigma_data * total.rsqrt(),
        c_in=total.rsqrt(),
        c_noise=sigma.log() / 4,
    )


def precondition(network: Callable[[Tensor, Tensor], Tensor], sigma_data: Real) -> Denoiser:
    """The denoiser of a network F(c_in x, c_noise).

    Args:
        network: any callable; gets x scaled, of x's own shape, and c_noise = ¼ ln σ of σ's own
            shape (a scalar tensor when σ is a float); returns x's shape.
        sigma_data: standard deviation of the data.

    Returns:
        D(x, sigma) for x with any leading dimensions; `sigma` as `broadcast_sigma` takes it.
    """

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        c_skip, c_out, c_in, c_noise = edm_coefficients(broadcast_sigma(sigma, x), sigma_data)
        return c_skip * x + c_out * network(c_in * x, c_noise.reshape(getattr(sigma, "shape", ())))

    return denoise
