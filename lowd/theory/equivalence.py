"""The denoising loss of a low-rank denoiser, and the loss of PCA or subspace clustering it equals.

Wang et al. 2024 (arXiv:2409.02426), theorems on K = 1 and K > 1. With orthonormal bases and
g = 1/(1 + σ²), in expectation over the noise,

    loss = mean ‖x‖² − (2g − g²) mean_i max_k ‖U_kᵀx_i‖² + g²σ²r,

exactly if K = 1 or if each point is denoised by the basis nearest the clean point. Weights that see
the noisy point alone, hard or soft, leave a gap that closes as σ → 0.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.theory.low_rank import denoise, hard_denoise
from lowd.theory.subspaces import Bases, Points

Weights = Literal["clean", "hard", "soft"]


def clustering_loss(points: Points, bases: Bases, sigma: float) -> Float[Tensor, " problem"]:
    """The right-hand side: what PCA (K = 1) or subspace clustering minimises, at one σ."""
    gain = 1 / (1 + sigma**2)
    inside = (points[:, None] @ bases).square().sum(dim=3).amax(dim=1).mean(dim=1)
    total = points.square().sum(dim=2).mean(dim=1)
    return total - (2 * gain - gain**2) * inside + gain**2 * sigma**2 * bases.shape[3]


def denoising_loss(
    points: Points,
    bases: Bases,
    sigma: float,
    weights: Weights,
    draws: int,
    generator: torch.Generator,
) -> tuple[Float[Tensor, " problem"], Float[Tensor, " problem"]]:
    """The left-hand side, E‖D(x + σε; σ) − x‖², and its standard error over `draws` noises a point.

    Args:
        points: of every problem.
        bases: orthonormal, each by itself.
        sigma: noise level.
        weights: a point goes to the basis nearest the clean point (`clean`), nearest the noisy one
            (`hard`), or to all by lemma 1's weights of the noisy one (`soft`).
        draws: noises a point, in antithetic pairs; even.
        generator: the noises.
    """
    levels = torch.full(points.shape[:2], sigma, dtype=points.dtype)
    losses = []
    for _ in range(draws // 2):
        noise = torch.randn(points.shape, generator=generator, dtype=points.dtype)
        pair = []
        for noisy in (points + sigma * noise, points - sigma * noise):
            if weights == "soft":
                denoised = denoise(bases, noisy, levels)
            else:
                judged = points if weights == "clean" else noisy
                denoised = hard_denoise(bases, noisy, levels, judged)
            pair.append((denoised - points).square().sum(dim=2).mean(dim=1))
        losses.append(torch.stack(pair).mean(dim=0))
    every = torch.stack(losses)
    return every.mean(dim=0), every.std(dim=0) / len(losses) ** 0.5
