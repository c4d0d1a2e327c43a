"""The denoiser, the one form in which every model and exact distribution is used.

D(x; σ) = E[x_0 | x_0 + σε = x], ε ~ N(0, I); the score of the noisy density is (D(x; σ) − x)/σ².
Karras et al. 2022 (arXiv:2206.00364), equations 2 and 3.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

# `int` is spelled out because run-time type checkers do not let it stand for `float`.
Real = float | int
Sigma = float | int | Tensor
Denoiser = Callable[[Tensor, Sigma], Tensor]


def broadcast_sigma(sigma: Sigma, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Noise levels ready to be multiplied with `x`, in its dtype and on its device.

    Args:
        sigma: one level for all of `x`, or a tensor whose shape is `x`'s leading dimensions: (M,)
            for x (M, *shape), (S, M) for stacked students x (S, M, *shape).
        x: noisy data, any shape.

    Returns:
        A scalar tensor, or `sigma` with one singleton dimension appended per dimension of `x` it
        does not cover.

    Raises:
        ValueError: `sigma`'s shape is not a prefix of `x`'s.
    """
    if not isinstance(sigma, Tensor):
        return torch.full((), sigma, dtype=x.dtype, device=x.device)
    if sigma.shape != x.shape[: sigma.ndim]:
        raise ValueError(
            f"sigma of shape {tuple(sigma.shape)} does not cover the leading dimensions of x "
            f"{tuple(x.shape)}; give one level per leading index, or a float"
        )
    return sigma.to(x).reshape(sigma.shape + (1,) * (x.ndim - sigma.ndim))
