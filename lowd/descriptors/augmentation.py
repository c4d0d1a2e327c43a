"""Strong augmentations of small images: the copies that a descriptor is to recognise.

Those of SSCD (Pizzi et al. 2022, arXiv:2202.10261) that images of a few pixels allow: crops, flips,
brightness and contrast, blur, noise, occlusion.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Images = Float[Tensor, "image channel height width"]

AREA = (0.4, 1.0)
"""Share of the image that a crop keeps."""
ASPECT = 4 / 3
"""Up to which a crop's sides are stretched against each other."""
CONTRAST = 0.4
BRIGHTNESS = 0.3
"""In units of images from −1 to 1."""
NOISE = 0.2
"""Largest standard deviation, in the same units."""
COVERED = 0.4
"""Largest side of what is covered, as a share of the image's."""
OFTEN = 0.5
"""Share of copies that are blurred, that are noisy, and that are covered, each drawn by itself."""


def augment(images: Images, generator: torch.Generator, *, flips: bool) -> Images:
    """A copy of every image, changed in ways of its own, within [-1, 1].

    Args:
        images: within [-1, 1].
        generator: on the CPU.
        flips: whether a mirrored image counts as a copy.
    """
    copies = _cropped(images, generator, flips)
    contrast = _uniform(copies, generator, 1 - CONTRAST, 1 + CONTRAST)
    brightness = _uniform(copies, generator, -BRIGHTNESS, BRIGHTNESS)
    copies = (contrast * copies + brightness).clamp(-1, 1)
    copies = torch.where(_chosen(copies, generator), _blurred(copies), copies)
    sigma = _uniform(copies, generator, 0.0, NOISE) * _chosen(copies, generator)
    copies = copies + sigma * torch.randn(copies.shape, generator=generator).to(copies)
    return _covered(copies, generator).clamp(-1, 1)


def _uniform(images: Images, generator: torch.Generator, low: float, high: float) -> Tensor:
    """A number for every image, (image, 1, 1, 1)."""
    drawn = torch.rand(len(images), 1, 1, 1, generator=generator)
    return (low + (high - low) * drawn).to(images)


def _chosen(images: Images, generator: torch.Generator) -> Tensor:
    return _uniform(images, generator, 0.0, 1.0) < OFTEN


def _cropped(images: Images, generator: torch.Generator, flips: bool) -> Images:
    """A window of every image, mirrored or not, at the size of the whole."""
    area = _uniform(images, generator, *AREA)
    stretch = _uniform(images, generator, -math.log(ASPECT) / 2, math.log(ASPECT) / 2).exp()
    width, height = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    # In coordinates from −1 to 1, a window of half its width may be so far from the centre.
    left = (1 - width) * _uniform(images, generator, -1.0, 1.0)
    top = (1 - height) * _uniform(images, generator, -1.0, 1.0)
    if flips:
        width = torch.where(_chosen(images, generator), -width, width)
    zero = torch.zeros_like(width)
    rows = torch.cat([width, zero, left, zero, height, top], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(rows, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _blurred(images: Images) -> Images:
    """Each pixel with its neighbours, by binomial weights."""
    weights = images.new_tensor([0.25, 0.5, 0.25])
    kernel = torch.outer(weights, weights).expand(images.shape[1], 1, 3, 3)
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernel, groups=images.shape[1])


def _covered(images: Images, generator: torch.Generator) -> Images:
    """Every image chosen with a rectangle of one brightness on it."""
    chosen = _chosen(images, generator)
    inside = torch.ones_like(images[:, :1], dtype=torch.bool)
    for axis in (2, 3):
        pixels = images.shape[axis]
        side = pixels * _uniform(images, generator, COVERED / 2, COVERED)
        first = (pixels - side) * _uniform(images, generator, 0.0, 1.0)
        shape = [1, 1, 1, 1]
        shape[axis] = pixels
        at = torch.arange(pixels, device=images.device).view(shape) + 0.5
        inside = inside & (at > first) & (at < first + side)
    return torch.where(chosen & inside, _uniform(images, generator, -1.0, 1.0), images)
