"""Euclidean norms of numbers whose squares are beyond the floating type.

Factors are powers of two, which change no bit of what they multiply; numbers of ordinary size have
the norms, bit by bit, that they have without.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def scales(sizes: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Powers of two that bring sizes, not negative, to between ½ and 1; float64.

    Zero stays zero, and what is below the smallest normal number below ½.
    """
    sizes = sizes.detach()
    # At least the smallest normal number, whose inverse is finite.
    wide = sizes.double().clamp(min=torch.finfo(sizes.dtype).tiny)
    return torch.frexp(wide).mantissa / wide


def norms(rows: Float[Tensor, "row feature"]) -> Float[Tensor, "row 1"]:
    """Of each row."""
    scale = row_scales(rows)
    return torch.linalg.vector_norm(rows * scale, dim=1, keepdim=True) / scale


def row_scales(rows: Float[Tensor, "row feature"]) -> Float[Tensor, "row 1"]:
    """As `scales`, of the largest number of each row, in its floating type."""
    return scales(rows.detach().abs().amax(dim=1, keepdim=True)).to(rows.dtype)


def common_scale(*samples: Float[Tensor, "_row _feature"]) -> float:
    """As `scales`, of the largest number of all, which brings no difference of two beyond 2."""
    largest = torch.stack([rows.detach().abs().max().double().cpu() for rows in samples]).max()
    return float(scales(largest))
