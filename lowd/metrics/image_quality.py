"""How far two images are apart to the eye: PSNR, and SSIM (Wang et al. 2004, IEEE TIP 13(4))."""

import torch
from jaxtyping import Float
from torch import Tensor

RANGE = 2.0
"""From black, −1, to white, 1."""
WINDOW = 7
K1, K2 = 0.01, 0.03


def psnr(
    ours: Float[Tensor, "image channel height width"],
    theirs: Float[Tensor, "image channel height width"],
) -> Float[Tensor, " image"]:
    """Peak signal-to-noise ratio of every pair in dB, 10 log₁₀(2²/mean squared difference).

    Infinite where they are the same.
    """
    squared = (ours.to(torch.float64) - theirs.to(torch.float64)).square().flatten(1).mean(1)
    return 10 * torch.log10(RANGE**2 / squared)


def ssim(
    ours: Float[Tensor, "image channel height width"],
    theirs: Float[Tensor, "image channel height width"],
    window: int = WINDOW,
) -> Float[Tensor, " image"]:
    """Structural similarity of every pair, at most 1, the mean over windows and channels.

    Windows are square, uniformly weighted, wholly inside the image; variances have n − 1 below.

    Args:
        ours: in [−1, 1].
        theirs: likewise.
        window: side in pixels.

    Raises:
        ValueError: images are smaller than a window.
    """
    height, width = ours.shape[2:]
    if not 2 <= window <= min(height, width):
        raise ValueError(f"a window of {window} pixels does not fit {height}×{width} pixels")
    a, b = (one.to(torch.float64) for one in (ours, theirs))
    count = window**2

    def mean(values: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(values, window, stride=1)

    mean_a, mean_b = mean(a), mean(b)
    unbiased = count / (count - 1)
    variances = unbiased * (mean(a * a) - mean_a**2 + mean(b * b) - mean_b**2)
    covariance = unbiased * (mean(a * b) - mean_a * mean_b)
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    structure = (2 * covariance + c2) / (variances + c2)
    return (luminance * structure).flatten(1).mean(1)
