"""Sets of samples: images, vectors, or ready features."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, UInt8

Images = Float32[np.ndarray, "image channel height width"]
Pixels = UInt8[np.ndarray, "height width channel"]

AT_ONCE = 256
"""Images read together."""


@dataclass(frozen=True)
class Reading:
    """How sets are read.

    Attributes:
        features: arrays hold ready features, one row a sample.
        range: the values that black and white have among floats; −1 and 1 if not given.
        size: height and width to shrink images to, by averaging areas.
    """

    features: bool = False
    range: tuple[float, float] | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples that are read when they are asked for.

    Attributes:
        name: where they are.
        kind: images in [−1, 1], or rows of numbers.
        shape: of a sample, (channel, height, width) or (feature,).
        count: how many there are.
        content: SHA-256 of the files or of the array.
        blocks: some samples at a time, in their order.
        labels: what each is called.
        image: one image as it is shown; None of vectors.
    """

    name: str
    kind: Literal["images", "vectors"]
    shape: tuple[int, ...]
    count: int
    content: str
    blocks: Callable[[], Iterator[Images | Float[np.ndarray, "sample feature"]]]
    labels: tuple[str, ...]
    image: Callable[[int], Pixels] | None = None

    def rows(self) -> Float[np.ndarray, "sample feature"]:
        """All samples, flattened.

        Raises:
            ValueError: a value is not finite, or a file can't be read.
        """
        rows = np.concatenate([block.reshape(len(block), -1) for block in self.blocks()])
        if bad := int((~np.isfinite(rows)).any(axis=1).sum()):
            raise ValueError(
                f"{self.name}: {bad} of {len(rows)} rows are not finite; leave out those samples"
            )
        return rows


def is_grey(opened: SampleSet) -> bool:
    """Whether images have no colours."""
    return opened.kind == "images" and opened.shape[0] == 1


def check_alike(reference: SampleSet, other: SampleSet) -> None:
    """Raise ValueError unless samples of both have one kind and shape."""
    if reference.kind != other.kind:
        raise ValueError(
            f"{other.name}: {other.kind}, but {reference.name} holds {reference.kind}; give both "
            "alike"
        )
    if reference.shape != other.shape:
        theirs, ours = ("×".join(map(str, one.shape)) for one in (other, reference))
        remedy = (
            "`--size` shrinks images to one size"
            if reference.kind == "images"
            else "use one descriptor for all"
        )
        raise ValueError(
            f"{other.name}: {theirs} a sample, but {reference.name} has {ours}; {remedy}"
        )
