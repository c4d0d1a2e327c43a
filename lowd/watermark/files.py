"""Images as files hold them: 8 bits a channel."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

Images = Float[Tensor, "image channel height width"]


def to_bytes(images: Images) -> UInt8[np.ndarray, "..."]:
    """Pixels from [−1, 1], cut off there, to 0…255, (image, height, width, channel)."""
    levels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.movedim(1, -1).contiguous().numpy()


def from_bytes(pixels: UInt8[np.ndarray, "..."]) -> Images:
    """The images of these bytes in [−1, 1], in single precision."""
    return torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).movedim(-1, 1).contiguous()


def as_saved(
    images: Images,
) -> Images:
    """What is read back of images that were saved without loss."""
    return from_bytes(to_bytes(images))
