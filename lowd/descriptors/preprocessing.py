"""Images as networks trained on ImageNet take them."""

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""ImageNet's, of red, green and blue in [0, 1]."""

Coloured = Float[Tensor, "image 3 row column"]


def resized(images: Float[Tensor, "image channel height width"], size: int) -> Coloured:
    """Images in [-1, 1], grey or coloured, as coloured ones in [0, 1] of size × size pixels.

    Resizing is bilinear and, where it makes images smaller, antialiased, as torchvision's.
    """
    coloured = (images + 1).div(2).expand(-1, 3, -1, -1)
    return functional.interpolate(
        coloured, (size, size), mode="bilinear", align_corners=False, antialias=True
    )


def normalised(images: Coloured) -> Coloured:
    """Images in [0, 1] less ImageNet's mean, in units of its deviation.

    Pixels keep their fractions: torchvision's `ToTensor` gets 8 bits of each.
    """
    mean, deviation = (images.new_tensor(of)[:, None, None] for of in (MEAN, DEVIATION))
    return (images - mean) / deviation


def in_bytes(images: Coloured) -> UInt8[Tensor, "image row column 3"]:
    """Images in [0, 1] rounded to 8 bits, channels last, as files of images hold them."""
    return images.mul(255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
