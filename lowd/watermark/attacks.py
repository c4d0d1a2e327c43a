"""What befalls an image before somebody looks for the mark: files, blur, noise, crops.

Every attack takes 8-bit pixels and leaves 8-bit pixels of the same size; JPEG goes through a file.
"""

import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageFilter
from torch import Tensor

from lowd.diffusion.denoiser import Real
from lowd.watermark.files import from_bytes, to_bytes
from lowd.watermark.ranges import JPEG, NOISE, NONE, RANGES


class Attack(NamedTuple):
    """A kind of attack, a key of ATTACKS, and how strong it is; `none` is a file without loss."""

    kind: str = NONE
    strength: Real = 0.0

    @property
    def name(self) -> str:
        """What to call it."""
        return self.kind if self.kind == NONE else f"{self.kind} {self.strength:g}"


def _jpeg(image: Image.Image, quality: Real) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(quality))
    return Image.open(io.BytesIO(file.getvalue()))


def _blur(image: Image.Image, radius: Real) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def _resize(image: Image.Image, share: Real) -> Image.Image:
    width, height = (max(1, round(side * share)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC).resize(
        image.size, Image.Resampling.BICUBIC
    )


def _crop(image: Image.Image, margin: Real) -> Image.Image:
    width, height = image.size
    inner = image.crop((int(margin), int(margin), width - int(margin), height - int(margin)))
    return inner.resize(image.size, Image.Resampling.BICUBIC)


ATTACKS: dict[str, Callable[[Image.Image, Real], Image.Image]] = {
    JPEG: _jpeg,
    "blur": _blur,
    "resize": _resize,
    "crop": _crop,
}
"""By image: quality 1…95; radius of a Gaussian in pixels; share of the sides; margin in pixels.

`noise`, of a standard deviation in parts of white, is the one that draws.
"""


def attacked(
    images: Float[Tensor, "image channel height width"],
    attack: Attack,
    generator: np.random.Generator,
) -> Float[Tensor, "image channel height width"]:
    """Images saved, spoiled and read back.

    Args:
        images: in [−1, 1], of one channel or three.
        attack: what befalls them.
        generator: of the noise; the others draw nothing.

    Raises:
        ValueError: no such attack, or nothing is left of an image.
    """
    pixels = to_bytes(images)
    if attack.kind == NONE:
        return from_bytes(pixels)
    if attack.kind == NOISE:
        # Cut off, not wrapped round: 8-bit arithmetic would make black of what is above white.
        noisy = pixels + 255 * attack.strength * generator.standard_normal(pixels.shape)
        return from_bytes(noisy.round().clip(0, 255).astype(np.uint8))
    if attack.kind not in ATTACKS:
        raise ValueError(f"attacks: {attack.kind!r} is none of {', '.join(RANGES)}")
    if attack.kind == "crop" and 2 * attack.strength >= min(pixels.shape[1:3]):
        raise ValueError(f"attacks.crop: {attack.strength:g} pixels off each side leave no image")
    spoiled = [
        np.asarray(ATTACKS[attack.kind](_picture(one), attack.strength)).reshape(one.shape)
        for one in pixels
    ]
    return from_bytes(np.stack(spoiled))


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
