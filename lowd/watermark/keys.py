"""Secret keys: directions that nobody knows who does not have the key's stream.

A key is uniform on the unit sphere of all images, or of a subspace of them. That is all that the
p-value of `lowd.watermark.detection` assumes: images and networks may be what they like.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.geometry.directions import unit


def draw_key(dimension: int, generator: torch.Generator) -> Float[Tensor, " feature"]:
    """A unit vector, uniform on the sphere, in double precision."""
    return unit(torch.randn(dimension, generator=generator, dtype=torch.float64))


def within(
    keys: Float[Tensor, "*stack feature"], basis: Float[Tensor, "*other feature rank"]
) -> Float[Tensor, "*stack feature"]:
    """The part of keys that lies in a subspace, at length 1: uniform on its sphere.

    Args:
        keys: uniform on the sphere of all features.
        basis: orthonormal columns, one subspace for all keys or one for each.
    """
    return unit((basis @ (basis.mT @ keys[..., None]))[..., 0])
