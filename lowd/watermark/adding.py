"""Keys added to images, or to their states at a noise level, at the PSNR asked for."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Real
from lowd.diffusion.passage import Passage
from lowd.watermark.files import Images, as_saved
from lowd.watermark.strength import at_quality

START = 3.0
"""Of the strength in states, over that in pixels: most keys are damped on the way down."""
LARGEST = 30.0
"""Strength over σ√d, the noise's length: what nothing is seen of then is not in the image."""

Keys = Float[Tensor, "image feature"]
Marked = tuple[Images, Float[Tensor, " image"]]
"""Images as they are saved, and how long the change was that each got."""


def add_to_pixels(images: Images, keys: Keys, psnr: Real) -> Marked:
    """Unit keys, one an image, added to images at a PSNR in dB."""

    def marked(strength: Tensor, rows: Tensor) -> Tensor:
        return as_saved(moved(images[rows], strength, keys[rows]))

    return at_quality(marked, images, psnr, length_at(psnr, keys.shape[1]))


def add_to_states(
    passage: Passage, states: Images, unmarked: Images, keys: Keys, psnr: Real
) -> Marked:
    """Unit keys, one a state, added to states at a PSNR of the images that they end at.

    Args:
        passage: down which states go.
        states: at its noise level.
        unmarked: what PSNR is measured from.
        keys: as in `add_to_pixels`.
        psnr: in dB.
    """

    def marked(strength: Tensor, rows: Tensor) -> Tensor:
        return as_saved(passage.down(moved(states[rows], strength, keys[rows])))

    size = keys.shape[1]
    largest = LARGEST * passage.sigma * float(size**0.5)
    return at_quality(marked, unmarked, psnr, START * length_at(psnr, size), largest)


def length_at(psnr: Real, size: int) -> float:
    """The length of a change of so many numbers in [−1, 1] that has a PSNR."""
    return 2 * float(10 ** (-psnr / 20)) * float(size**0.5)


def moved(images: Images, strength: Float[Tensor, " image"], keys: Keys) -> Images:
    """Images with so much of their keys added, in their own precision."""
    change = (strength[:, None] * keys).reshape(images.shape)
    return (images.to(torch.float64) + change).to(images.dtype)
