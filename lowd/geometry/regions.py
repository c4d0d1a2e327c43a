"""Regions of an image, as booleans over its numbers."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from lowd.geometry.boxes import Box


def box_region(box: Box, shape: Sequence[int]) -> Bool[Tensor, " feature"]:
    """The numbers of an image (channel, height, width) that lie in a box, in every channel."""
    inside = torch.zeros(*shape, dtype=torch.bool)
    top, left, bottom, right = box
    inside[:, top:bottom, left:right] = True
    return inside.flatten()
