"""What the distributions accept as parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

ArrayLike = Tensor | np.ndarray | Sequence[Any] | float | int


def as_floating(values: ArrayLike) -> Tensor:
    """`values` as a tensor of its own floating dtype, float64 where it has none; not copied."""
    tensor = torch.as_tensor(values)
    return tensor if tensor.is_floating_point() else tensor.to(torch.float64)
