"""Settings of student architectures, told apart by `architecture`."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.models.custom_settings import CustomSettings


class MLPSettings(Settings):
    """Settings of `lowd.models.MLP`.

    Attributes:
        width: hidden units of a layer.
        depth: hidden layers.
    """

    architecture: Literal["mlp"]
    width: PositiveInt
    depth: PositiveInt = 2

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Any shape will do."""


class UNetSettings(Settings):
    """Settings of `lowd.models.UNet`.

    Attributes:
        width: channels of the first level.
        multipliers: channels of each level, in units of `width`; every further level halves the
            image.
        blocks: residual blocks at each level, on the way down and on the way up.
    """

    architecture: Literal["unet"]
    width: PositiveInt
    multipliers: tuple[PositiveInt, ...] = Field((1, 2), min_length=1)
    blocks: PositiveInt = 1

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless every level halves the image exactly."""
        factor = 2 ** (len(self.multipliers) - 1)
        if len(shape) != 3 or shape[1] % factor or shape[2] % factor:
            raise ValueError(
                f"multipliers: {len(self.multipliers)} levels need images with sides divisible "
                f"by {factor}, got samples of shape {shape}"
            )


class DiTSettings(Settings):
    """Settings of `lowd.models.DiT`.

    Attributes:
        width: of a token, divisible by `heads`.
        depth: transformer blocks.
        patch: side of a square patch, in pixels.
        heads: attention heads.
    """

    architecture: Literal["dit"]
    width: PositiveInt
    depth: PositiveInt = 2
    patch: PositiveInt = 2
    heads: PositiveInt = 2

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "DiTSettings":
        if self.width % self.heads:
            raise ValueError(f"heads: {self.heads} does not divide width {self.width}")
        return self

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless patches tile the image."""
        if len(shape) != 3 or shape[1] % self.patch or shape[2] % self.patch:
            raise ValueError(f"patch: {self.patch} does not tile samples of shape {shape}")


ModelSettings = Annotated[
    MLPSettings | UNetSettings | DiTSettings | CustomSettings, Field(discriminator="architecture")
]
