"""The low-rank denoiser D(x; σ) = Σ_k w_k U_k U_kᵀ x / (1 + σ²), stacked, and its training.

Wang et al. 2024 (arXiv:2409.02426), equations for K = 1 and K > 1: its bases are what is learnt.
Every problem of a stack has its own points and its own bases; one step moves all of them.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.theory.settings import LowRankTraining
from lowd.theory.subspaces import Bases, Points

Levels = Float[Tensor, "problem point"]
WARM_UP = 20
DRAWS = 16
"""Noises a point from which restarts are told apart."""


def denoise(bases: Bases, noisy: Points, sigma: Levels) -> Points:
    """Σ_k w_k U_k U_kᵀ x / (1 + σ²), w_k ∝ exp(‖U_kᵀx‖² / (2σ²(1 + σ²))).

    For orthonormal, mutually orthogonal bases it is MoLRG's posterior mean (lemma 1).
    """
    frame, coordinates = _project(bases, noisy)
    if bases.shape[1] > 1:
        tilt = 1 / (2 * sigma.square() * (1 + sigma.square()))
        weights = (tilt[..., None] * coordinates.square().sum(dim=-1)).softmax(dim=-1)
        coordinates = weights[..., None] * coordinates
    return (coordinates.flatten(2) @ frame.mT) / (1 + sigma.square())[..., None]


def hard_denoise(bases: Bases, noisy: Points, sigma: Levels, judged: Points) -> Points:
    """U_k U_kᵀ x / (1 + σ²) with one k a point: that of the largest ‖U_kᵀ judged‖."""
    frame, coordinates = _project(bases, noisy)
    _, seen = _project(bases, judged)
    chosen = seen.square().sum(dim=-1).argmax(dim=-1)
    weights = torch.nn.functional.one_hot(chosen, bases.shape[1]).to(noisy.dtype)
    coordinates = weights[..., None] * coordinates
    return (coordinates.flatten(2) @ frame.mT) / (1 + sigma.square())[..., None]


def train(
    points: Points, clusters: int, rank: int, settings: LowRankTraining, generator: torch.Generator
) -> Bases:
    """Bases that minimise E‖D(x + σε; σ) − x‖², from random ones, for every problem.

    Noise levels fall while training goes on, so that clusters part before their directions settle.
    The gradient's momentum is orthogonalised (as in the optimiser Muon), which moves directions
    that few points show as fast as all others.

    Returns:
        The best of all restarts by the loss at the last noise levels; the columns of a basis span
        its subspace, but are not orthonormal.
    """
    restarts = settings.restarts
    starts = points.repeat_interleave(restarts, dim=0)
    shape = (len(starts), clusters, points.shape[2], rank)
    bases = torch.randn(shape, generator=generator, dtype=points.dtype) / math.sqrt(shape[2])
    bases.requires_grad_(True)
    momentum = torch.zeros_like(bases)
    for step in range(settings.steps):
        progress = step / settings.steps
        sigma = _levels(starts, settings, progress, generator)
        noise = torch.randn(starts.shape, generator=generator, dtype=points.dtype)
        loss = _loss(bases, starts, sigma, noise).sum()
        (gradient,) = torch.autograd.grad(loss, bases)
        momentum.mul_(settings.momentum).add_(gradient)
        rate = settings.learning_rate * (1 + math.cos(math.pi * progress)) / 2
        with torch.no_grad():
            bases.sub_(orthogonalised(momentum), alpha=rate * min(1, (step + 1) / WARM_UP))
    every = bases.detach().unflatten(0, (len(points), restarts))
    losses = torch.zeros(len(points), restarts, dtype=points.dtype)
    for _ in range(DRAWS if restarts > 1 else 0):  # the same noises for all restarts
        sigma = _levels(points, settings, 1.0, generator)
        noise = torch.randn(points.shape, generator=generator, dtype=points.dtype)
        with torch.no_grad():
            again = [_loss(every[:, k], points, sigma, noise) for k in range(restarts)]
        losses += torch.stack(again, dim=1)
    return every[torch.arange(len(points)), losses.argmin(dim=1)]


def orthogonalised(
    matrices: Float[Tensor, "*stack row column"],
) -> Float[Tensor, "*stack row column"]:
    """Roughly the polar factor: singular values above a fiftieth of the largest come near 1.

    Five Newton–Schulz steps with Jordan's coefficients (2024, Muon), which need no decomposition.
    """
    x = matrices / (torch.linalg.matrix_norm(matrices)[..., None, None] + 1e-12)
    for _ in range(5):
        gram = x.mT @ x
        x = 3.4445 * x + x @ (2.0315 * gram @ gram - 4.7750 * gram)
    return x


def _project(bases: Bases, x: Points) -> tuple[Tensor, Tensor]:
    """All bases side by side, (problem, feature, cluster·rank), and U_kᵀx of every point."""
    frame = bases.movedim(1, 2).flatten(2)
    return frame, (x @ frame).unflatten(2, (bases.shape[1], bases.shape[3]))


def _loss(bases: Bases, points: Points, sigma: Levels, noise: Points) -> Float[Tensor, " problem"]:
    denoised = denoise(bases, points + sigma[..., None] * noise, sigma)
    return (denoised - points).square().sum(dim=2).mean(dim=1)


def _levels(
    points: Points, settings: LowRankTraining, progress: float, generator: torch.Generator
) -> Levels:
    """One noise level a point, log-uniform in a range that falls geometrically."""
    low, high = (
        (1 - progress) * math.log(first) + progress * math.log(last)
        for first, last in zip(settings.sigma_first, settings.sigma_last, strict=True)
    )
    uniform = torch.rand(points.shape[:2], generator=generator, dtype=points.dtype)
    return torch.exp(low + (high - low) * uniform)
