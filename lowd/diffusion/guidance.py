"""Classifier-free guidance: a conditional denoiser pushed away from the unconditional one.

Ho and Salimans 2022 (arXiv:2207.12598); limited to an interval of noise levels by Kynkäänniemi et
al. 2024 (arXiv:2404.07724).
"""

from math import inf

from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real, Sigma


def guided(
    conditional: Denoiser,
    unconditional: Denoiser,
    weight: Real,
    interval: tuple[Real, Real] = (0.0, inf),
) -> Denoiser:
    """D_c + γ(D_c − D_u) at noise levels inside the interval, D_c at others.

    Args:
        conditional: D_c(x, sigma), its condition fixed.
        unconditional: D_u(x, sigma) of the same shape; not asked where it has no say.
        weight: γ; 0 is no guidance.
        interval: lowest and highest σ of guidance, both included.

    Returns:
        D(x, sigma), sigma a float.
    """
    low, high = interval

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        denoised = conditional(x, sigma)
        if weight == 0 or not low <= float(sigma) <= high:
            return denoised
        return denoised + weight * (denoised - unconditional(x, sigma))

    return denoise
