"""The Jacobian of a denoiser, ∇_x D(x; σ), and how many directions it keeps.

Wang et al. 2024 (arXiv:2409.02426): rank_η is the least r with √(Σ_{i≤r} s_i² / Σ s_i²) > η. A
mixture of K subspaces of dimension r has r at low noise, where one posterior weight is 1, and up to
K·r at high noise.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma

SHARE = 0.99
BLOCK = 8
PROBES = 64
"""Directions added at a time, and random ones that see what is left, without a dense J."""

Product = Callable[[Float[Tensor, "feature column"]], Float[Tensor, "feature column"]]


def jacobian(
    denoise: Denoiser, x: Float[Tensor, " noise *shape"], sigma: Sigma
) -> Float[Tensor, "noise feature feature"]:
    """J of every point, a row an output, all rows in one backward pass each."""
    rows = []
    for one in x:
        size = one.numel()
        copies = one.expand(size, *one.shape).clone().requires_grad_(True)
        outputs = denoise(copies, sigma).reshape(size, size)
        (gradient,) = torch.autograd.grad(outputs.diagonal().sum(), copies)
        rows.append(gradient.reshape(size, size))
    return torch.stack(rows)


def effective_rank(
    singular: Float[Tensor, "*stack value"], share: float = SHARE
) -> Int[Tensor, "*stack"]:
    """rank_η of singular values in any order, η being `share`."""
    squares = singular.sort(dim=-1, descending=True).values.square()
    kept = squares.cumsum(dim=-1) / squares.sum(dim=-1, keepdim=True)
    return 1 + (kept.sqrt() <= share).sum(dim=-1)


def products(
    denoise: Denoiser, x: Float[Tensor, " *shape"], sigma: float
) -> tuple[Product, Product]:
    """V ↦ JV and U ↦ JᵀU at one point, for a Jacobian too large to hold.

    JV is the derivative of JᵀU in U, which needs nothing but backward passes.
    """

    def transposed(u: Tensor, *, create_graph: bool = False) -> Tensor:
        copies = x.expand(u.shape[1], *x.shape).clone().requires_grad_(True)
        outputs = denoise(copies, sigma).flatten(1)
        (gradient,) = torch.autograd.grad((outputs * u.T).sum(), copies, create_graph=create_graph)
        return gradient.flatten(1).T

    def forward(v: Tensor) -> Tensor:
        u = torch.zeros(x.numel(), v.shape[1], dtype=x.dtype, requires_grad=True)
        (gradient,) = torch.autograd.grad((transposed(u, create_graph=True) * v).sum(), u)
        return gradient

    return forward, transposed


def randomised_rank(
    forward: Product,
    transposed: Product,
    dimension: int,
    generator: torch.Generator,
    share: float = SHARE,
    dtype: torch.dtype = torch.float32,
) -> int:
    """rank_η from products with J and Jᵀ alone (Halko, Martinsson and Tropp 2011, blocked).

    A range is grown, block by block with one power iteration, until it holds the share asked for.
    What of ‖J‖_F² lies outside is estimated from PROBES random directions, with an error that
    shrinks as it does.
    """
    probes = forward(torch.randn(dimension, PROBES, generator=generator, dtype=dtype))
    found = torch.zeros(dimension, 0, dtype=dtype)
    while True:
        block = torch.randn(dimension, BLOCK, generator=generator, dtype=dtype)
        block = forward(transposed(forward(block)))
        # Twice: once leaves rounding of what is there already.
        for _ in range(2):
            block = torch.linalg.qr(block - found @ (found.T @ block)).Q
        found = torch.cat([found, block], dim=1)[:, :dimension]
        squares = torch.linalg.svdvals(transposed(found)).square()
        outside = (probes - found @ (found.T @ probes)).square().sum() / PROBES
        kept = (squares.cumsum(0) / (squares.sum() + outside)).sqrt()
        if kept[-1] > share or found.shape[1] == dimension:
            return min(1 + int((kept <= share).sum()), dimension)
