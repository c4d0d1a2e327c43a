"""Descriptors h: what two images are compared by.

Pixels, raw or centred, are the descriptors that need no network.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.magnitude import row_scales
from lowd.metrics.numbers import Samples, real_tensor
from lowd.metrics.rows import feature_rows


def unit(features: Float[Tensor, "row feature"]) -> Float[Tensor, "row feature"]:
    """Rows scaled to Euclidean norm 1; a zero row has no direction and stays zero.

    A zero row is therefore similar (cosine 0) to nothing, itself included.
    """
    # Norms of very large and very small rows are beyond the floating type.
    scaled = features * row_scales(features)
    norms = torch.linalg.vector_norm(scaled, dim=1, keepdim=True)
    return scaled / norms.where(norms > 0, 1)


@dataclass(frozen=True, eq=False)
class Descriptor:
    """A map from samples (M, *shape) to features (M, feature).

    Attributes:
        kind: `"identity"`: the sample itself, flattened, in its own units; `"centred"`: the
            direction of sample − mean, of unit norm.
        mean: what `"centred"` subtracts, (*shape) or (feature,): a mean of teacher samples, fixed
            before any student is scored. Nothing for `"identity"`.

    Raises:
        ValueError: the kind is unknown, or lacks its mean, or has one it would not use.
    """

    kind: Literal["identity", "centred"]
    mean: Samples | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("identity", "centred"):
            raise ValueError(f"descriptor {self.kind!r} is unknown; use 'identity' or 'centred'")
        if (self.kind == "centred") != (self.mean is not None):
            raise ValueError("'centred' needs the mean to subtract, 'identity' takes none")

    def __call__(self, samples: Samples) -> Float[Tensor, "sample feature"]:
        """Features of samples, in their floating type and on their device.

        Raises:
            ValueError: a sample is not finite, or is not of the mean's size.
        """
        rows = feature_rows(samples, "samples", at_least=1)
        if self.mean is None:
            return rows
        mean = real_tensor(self.mean, "mean").flatten()
        if mean.numel() != rows.shape[1]:
            raise ValueError(
                f"samples have {rows.shape[1]} values each, the descriptor's mean {mean.numel()}; "
                "use the mean of samples of the same shape"
            )
        return unit(rows - mean.to(rows))
