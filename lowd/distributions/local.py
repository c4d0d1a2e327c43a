"""Local denoisers: pure memorisation, but of what surrounds each pixel.

A network that sees little of an image at once cannot tell which training image it is near to; it
can tell that of each neighbourhood, and so mixes training images (Kamb & Ganguli 2024,
arXiv:2412.20292; Niedoba et al. 2024, arXiv:2411.19339). Nothing is trained here.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.diffusion.denoiser import Sigma
from lowd.distributions.arrays import ArrayLike, as_floating
from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian

Neighbourhoods: TypeAlias = Callable[[float], Bool[Tensor, "pixel pixel"]]
"""At a level, for each pixel the pixels that its value is inferred from."""
SHARE = 0.02
"""Of the largest weight of a Wiener filter, below which a pixel is not looked at: the paper's."""


class LocalEmpirical:
    """x̂_i = Σ_n softmax_n(−‖x_Ω(i) − x⁽ⁿ⁾_Ω(i)‖²/2σ²) x⁽ⁿ⁾_i, Ω(i) the neighbourhood of pixel i.

    Neighbourhoods of the whole image make it the empirical denoiser; those of a single pixel, that
    of the product of the pixels' marginals.

    Args:
        points: training images x⁽ⁿ⁾, (N, channels, height, width).
        neighbourhoods: from σ, row i says which pixels Ω(i) has, all channels of each.

    Raises:
        ValueError: points are no images.
    """

    def __init__(self, points: ArrayLike, neighbourhoods: Neighbourhoods) -> None:
        self.points = as_images(points)
        self.neighbourhoods = neighbourhoods

    def denoise(
        self, x: Float[Tensor, "noise channel height width"], sigma: Sigma
    ) -> Float[Tensor, "noise channel height width"]:
        """The local posterior mean, in x's dtype, weights in float64.

        Args:
            x: noisy images.
            sigma: positive level, one for all.
        """
        known, noisy = self.points.flatten(2), x.flatten(2)
        denoised = torch.empty_like(noisy)
        for pixel, around in enumerate(self.neighbourhoods(float(sigma))):
            # Only the values at the pixel itself are kept of what is inferred of all around it.
            places = around.nonzero().flatten().tolist()
            own = places.index(pixel)
            mean = Empirical(known[..., places]).denoise(noisy[..., places], sigma)
            denoised[..., pixel] = mean[..., own]
        return denoised.view(x.shape)


class EquivariantLocalEmpirical:
    """The same with patches from anywhere, of all pixels j of all training images.

        x̂_i = Σ_nj softmax_nj(−‖x_Ω(i) − x⁽ⁿ⁾_Ω(j)‖²/2σ²) x⁽ⁿ⁾_j

    What a convolutional network can do that does not know where it looks. Beyond its borders an
    image is 0, as for such a network.

    Args:
        points: training images x⁽ⁿ⁾, (N, channels, height, width).
        side: from σ, the odd side of the square patches Ω.

    Raises:
        ValueError: points are no images.
    """

    def __init__(self, points: ArrayLike, side: Callable[[float], int]) -> None:
        self.points = as_images(points)
        self.side = side

    def denoise(
        self, x: Float[Tensor, "noise channel height width"], sigma: Sigma
    ) -> Float[Tensor, "noise channel height width"]:
        """The local posterior mean, in x's dtype, weights in float64.

        Args:
            x: noisy images.
            sigma: positive level, one for all.
        """
        side = self.side(float(sigma))
        mean = Empirical(patches(self.points, side)).denoise(patches(x, side), sigma)
        centres = mean.unflatten(1, (x.shape[1], -1))[..., side**2 // 2]
        return centres.view(len(x), -1, x.shape[1]).transpose(1, 2).reshape(x.shape)


def as_images(points: ArrayLike) -> Float[Tensor, "point channel height width"]:
    """Points as they are; raises ValueError unless they have channels, height and width."""
    images = as_floating(points)
    if images.ndim != 4 or len(images) == 0:
        raise ValueError(
            f"points has shape {tuple(images.shape)}; pixels have neighbours in images alone, "
            "(N, channels, height, width), N at least 1"
        )
    return images


def patches(
    images: Float[Tensor, "image channel height width"], side: int
) -> Float[Tensor, "patch number"]:
    """The patch around every pixel of every image, (image · pixel, channel · side²)."""
    cut = torch.nn.functional.unfold(images, side, padding=side // 2)
    return cut.transpose(1, 2).flatten(0, 1)


def windows(height: int, width: int, side: int) -> Bool[Tensor, "pixel pixel"]:
    """Squares of an odd side around every pixel, cut off at the borders."""
    row, column = torch.arange(height), torch.arange(width)
    near_row = (row[:, None] - row).abs() <= side // 2
    near_column = (column[:, None] - column).abs() <= side // 2
    return torch.einsum("ab,cd->acbd", near_row, near_column).reshape(
        height * width, height * width
    )


def wiener_neighbourhoods(points: ArrayLike, share: float = SHARE) -> Neighbourhoods:
    """Neighbourhoods that the data's covariance C gives, not a shape of windows.

    Pixel i looks at those that the Wiener filter C(C + σ²I)⁻¹ of the training set infers it from:
    those whose weight, divided by that of pixel i itself, is at least a share of the largest such
    ratio; itself always. Lukoianov et al. 2025 (arXiv:2509.09672) find that the locality of
    networks is that of the covariance.

    Args:
        points: training images, (N, channels, height, width).
        share: of the largest ratio.
    """
    images = as_images(points)
    channels, pixels = images.shape[1], images[0, 0].numel()
    flat = images.flatten(1).double()
    offset = flat - flat.mean(dim=0)
    gaussian = Gaussian(torch.zeros_like(flat[0]), offset.mT @ offset / len(flat))

    def at(sigma: float) -> Tensor:
        filters = gaussian.denoise(torch.eye(flat.shape[1], dtype=flat.dtype), sigma)
        # The largest of the weights between any channels of two pixels.
        weight = filters.abs().view(channels, pixels, channels, pixels).amax(dim=(0, 2))
        own = weight.diagonal()[:, None]
        # A pixel that never varies is inferred from nothing.
        ratio = torch.where(own > 1e-6, weight / own.clamp(min=1e-6), 0.0)
        return (ratio >= share * ratio.max()) & (ratio > 0) | torch.eye(pixels, dtype=torch.bool)

    return at
