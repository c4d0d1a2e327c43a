"""Settings of how a stack is computed: in which precision, by which backend."""

from typing import Literal

from lowd.base import Settings

Backend = Literal["grouped", "batched", "looped"]
Precision = Literal["single", "tf32", "bf16"]


class ComputeSettings(Settings):
    """Precision and backend of training; samples are always drawn in single precision.

    Attributes:
        precision: `tf32` rounds the factors of products to 10 bits of mantissa, on GPUs that can,
            and is `single` elsewhere; `bf16` computes networks, not losses nor weights, in it.
        backend: convolutions of a stack as one grouped convolution, or as one batched product of
            matrices, or student after student. Results differ by rounding alone.
    """

    precision: Precision = "single"
    backend: Backend = "grouped"
