"""Pixels as networks take them."""

import numpy as np
from jaxtyping import Float32, Shaped


def scaled(
    images: Shaped[np.ndarray, "image channel height width"],
) -> Float32[np.ndarray, "image channel height width"]:
    """Images in [-1, 1]: bytes from black, -1, to white, 1; floats as they are."""
    if images.dtype != np.uint8:
        return images
    floats = images.astype(np.float32)
    floats /= 127.5
    floats -= 1
    return floats
