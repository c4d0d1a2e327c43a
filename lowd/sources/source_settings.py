"""What the settings of every source of images have: how images are processed, and their shape."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import PositiveInt, model_validator

from lowd.base import Settings

Size = tuple[PositiveInt, PositiveInt]
Shape = tuple[PositiveInt, PositiveInt, PositiveInt]


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
