"""Samples as rows of features, checked once where they enter a metric."""

from numbers import Real

from jaxtyping import Float
from torch import Tensor

from lowd.metrics.numbers import Samples, real_tensor


def feature_rows(samples: Samples, name: str, at_least: int = 2) -> Float[Tensor, "row feature"]:
    """Samples (M, *shape) as (M, feature), shape flattened.

    Floating types and devices are kept, other types become float64.

    Raises:
        ValueError: as `real_tensor`; there is no feature axis, there are fewer than `at_least`
            samples, or a value is not finite; the message calls the samples `name`.
    """
    tensor = real_tensor(samples, name)
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; give (samples, features)")
    if len(tensor) < at_least:
        raise ValueError(f"{name} has {len(tensor)} row; give at least {at_least}")
    rows = tensor.flatten(1)
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


def check_cosine(threshold: float) -> None:
    """Raise ValueError if a threshold of similarity is no number, or no cosine."""
    if not (isinstance(threshold, Real) and -1 <= threshold <= 1):
        raise ValueError(
            f"threshold {threshold!r} is no cosine; give a number between -1 and 1, such as 0.6"
        )
