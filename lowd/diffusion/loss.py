"""Denoising score matching in EDM weighting.

Karras et al. 2022 (arXiv:2206.00364), equation 2 and table 1.
"""

from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real, broadcast_sigma


def edm_loss(
    denoise: Denoiser,
    clean: Float[Tensor, "*batch_and_shape"],
    noise: Float[Tensor, "*batch_and_shape"],
    sigma: Float[Tensor, "*batch"],
    sigma_data: Real,
) -> Float[Tensor, "*batch"]:
    """Weighted squared error of one denoising per example.

    λ(σ) times the mean over shape of (D(x_0 + σε; σ) − x_0)², with λ(σ) = (σ² + σ_d²)/(σσ_d)²:
    under it the preconditioned network's own error counts equally at every level.

    Args:
        denoise: D(x, sigma).
        clean: x_0, (*batch, *shape); batch is (M,), or (S, M) for stacked students.
        noise: ε, unit normal, drawn by the caller.
        sigma: positive levels, one per example, drawn by the caller; its shape says which
            dimensions of `clean` are the batch.
        sigma_data: standard deviation of the data.

    Returns:
        (*batch), nothing averaged over examples.

    Raises:
        ValueError: sigma's shape is not the leading part of clean's.
    """
    level = broadcast_sigma(sigma, clean)
    sigma = sigma.to(clean)
    error = denoise(clean + level * noise, sigma) - clean
    weight = (sigma**2 + sigma_data**2) / (sigma * sigma_data) ** 2
    return weight * error.square().flatten(sigma.ndim).mean(dim=-1)
