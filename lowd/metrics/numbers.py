"""Real numbers from whatever holds them: arrays, tensors, lists of either."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

Samples: TypeAlias = np.ndarray | Tensor | Sequence[Any]


def real_tensor(samples: Samples, name: str) -> Tensor:
    """The same numbers as a dense tensor without gradients, of any shape.

    Types that PyTorch has are kept, in the machine's order of bytes; longer ones become float64,
    and floats of a byte, which it can't compute with, float32.
    Memory is shared where it can be.

    Raises:
        ValueError: they are not real numbers, some are masked, or lists are ragged; the message
            calls the samples `name`.
    """
    if isinstance(samples, Tensor):
        if samples.layout != torch.strided or samples.is_nested:
            raise ValueError(f"{name} is a sparse or nested tensor; give a dense one")
        if samples.is_quantized or samples.is_meta:
            raise ValueError(f"{name} is a quantized tensor, or one without data; give its values")
        _check_real(samples.dtype, samples.is_complex(), name)
        is_small = samples.is_floating_point() and samples.itemsize == 1
        return (samples.float() if is_small else samples).detach()
    try:
        if _loses_masks(samples):
            raise TypeError
        array = np.asanyarray(samples)
    except (RuntimeError, TypeError, ValueError):
        # Tensors that need gradients, or of a type or on a device that NumPy doesn't know.
        return _stacked(samples, name)
    _check_real(array.dtype, array.dtype.kind not in "biuf", name)
    if isinstance(array, np.ma.MaskedArray):
        if masked := int(np.ma.count_masked(array)):
            raise ValueError(
                f"{name} has {masked} masked values; fill them or leave out their rows"
            )
        array = array.data
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    # PyTorch shares memory only with contiguous arrays it may write to.
    return torch.from_numpy(np.require(native, requirements=["C", "W"]))


def _loses_masks(samples: object) -> bool:
    return isinstance(samples, list | tuple) and any(
        isinstance(one, np.ma.MaskedArray) or _loses_masks(one) for one in samples
    )


def _stacked(samples: Samples, name: str) -> Tensor:
    if isinstance(samples, list | tuple):
        parts = [real_tensor(one, name) for one in samples]
        try:
            return torch.stack(parts)
        except (RuntimeError, TypeError):
            pass
    raise ValueError(f"{name} is no array of numbers; give (samples, features), all of one size")


def _check_real(dtype: object, is_other: bool, name: str) -> None:
    if is_other:
        raise ValueError(f"{name} holds {dtype}, not real numbers; convert it to floats")
