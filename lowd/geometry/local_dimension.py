"""The local intrinsic dimension that a denoiser sees at a point."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser

EXACT = 256
"""Up to this dimension the trace is taken in full."""
PROBES = 16
"""Beyond it, random directions that estimate the trace."""


def local_dimension(
    denoise: Denoiser,
    x: Float[Tensor, "*batch_and_shape"],
    sigma: float,
    generator: torch.Generator,
    batch: int = 1,
) -> Float[Tensor, "*batch"]:
    """LID(x; σ) = tr ∇D(x; σ) + ‖D(x; σ) − x‖²/σ², at points x of the data.

    The estimator of Kamkari et al. 2024 (arXiv:2406.03537), d + σ² ∇·s + σ²‖s‖² with the score
    s = (D − x)/σ², written for the denoiser. On a subspace of dimension r it tends to r as σ falls
    below the data's variances; at a training point of an empirical denoiser, to 0.

    Args:
        denoise: D(x, sigma).
        x: clean points; the first `batch` axes tell them apart.
        sigma: the level at which structure is looked for.
        generator: of random directions, on the CPU; only samples of more than EXACT numbers need
            them. Their error is then part of the spread over points.
        batch: how many axes `x` has before those of a sample.

    Returns:
        The dimension at each point, float64.
    """
    copies = x.detach().clone().requires_grad_(True)
    outputs = denoise(copies, sigma).flatten(batch)
    residual = (outputs.detach() - x.flatten(batch)).double().square().sum(dim=-1)
    size = outputs.shape[-1]
    trace = torch.zeros_like(residual)
    for probe in range(size if size <= EXACT else PROBES):
        direction = torch.zeros_like(outputs)
        if size <= EXACT:
            direction[..., probe] = 1
        else:
            drawn = torch.randint(2, outputs.shape, generator=generator)
            direction = (2 * drawn - 1).to(outputs) / PROBES**0.5
        (row,) = torch.autograd.grad(outputs, copies, direction, retain_graph=True)
        trace += (row.flatten(batch) * direction).double().sum(dim=-1)
    return trace + residual / sigma**2
