"""Samples as rows of features, checked once where they enter a metric."""

from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Samples: TypeAlias = np.ndarray | Tensor


def feature_rows(samples: Samples, name: str, at_least: int = 2) -> Float[Tensor, "row feature"]:
    """Samples (M, *shape) as (M, feature), shape flattened.

    Floating types and devices are kept, other types become float64.

    Raises:
        ValueError: there is no feature axis, there are fewer than `at_least` samples, or a value is
            not finite; the message calls the samples `name`.
    """
    if not isinstance(samples, Tensor):
        # PyTorch shares memory only with contiguous arrays it may write to.
        samples = torch.from_numpy(np.require(samples, requirements=["C", "W"]))
    if samples.ndim < 2 or samples.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(samples.shape)}; give (samples, features)")
    if len(samples) < at_least:
        raise ValueError(f"{name} has {len(samples)} row; give at least {at_least}")
    rows = samples.detach().flatten(1)
    rows = rows if rows.is_floating_point() else rows.double()
    if bad := int((~rows.isfinite()).any(dim=1).sum()):
        raise ValueError(
            f"{name} has {bad} of {len(rows)} rows that are not finite; leave out the model or "
            "image that made them"
        )
    return rows


def paired_rows(
    ours: Samples, theirs: Samples
) -> tuple[Float[Tensor, "noise feature"], Float[Tensor, "noise feature"]]:
    """Both as `feature_rows`, row m of each from the same noise.

    Raises:
        ValueError: as `feature_rows`, or the shapes differ.
    """
    left, right = feature_rows(ours, "ours"), feature_rows(theirs, "theirs")
    if left.shape != right.shape:
        raise ValueError(
            f"ours is {tuple(left.shape)} and theirs {tuple(right.shape)} (noise, feature); "
            "both must come from the same noises through the same descriptor"
        )
    return left, right


def comparable_rows(
    at_least: int = 2, **samples: Samples
) -> tuple[Float[Tensor, "_ feature"], ...]:
    """Each as `feature_rows`, called by its keyword, all with the same number of features.

    Raises:
        ValueError: as `feature_rows`, or the features differ in number.
    """
    rows = tuple(feature_rows(value, name, at_least) for name, value in samples.items())
    if len({value.shape[1] for value in rows}) > 1:
        sizes = ", ".join(
            f"{name} {value.shape[1]}" for name, value in zip(samples, rows, strict=True)
        )
        raise ValueError(f"numbers of features differ ({sizes}); use one descriptor for all")
    return rows
