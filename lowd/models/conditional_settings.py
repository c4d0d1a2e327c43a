"""Settings of architectures that are told a class."""

from typing import Literal

from pydantic import PositiveInt

from lowd.models.settings import MLPSettings, UNetSettings


class ConditionalMLPSettings(MLPSettings):
    """Settings of `lowd.models.conditional_mlp`; classes are counted without the one for none."""

    architecture: Literal["conditional_mlp"]  # type: ignore[assignment]
    classes: PositiveInt


class ConditionalUNetSettings(UNetSettings):
    """Settings of `lowd.models.conditional_unet`; classes likewise."""

    architecture: Literal["conditional_unet"]  # type: ignore[assignment]
    classes: PositiveInt


ConditionalSettings = ConditionalMLPSettings | ConditionalUNetSettings


def with_classes(model: MLPSettings | UNetSettings, classes: int) -> ConditionalSettings:
    """The same architecture with class vectors."""
    options = model.model_dump(exclude={"architecture"}) | {"classes": classes}
    if isinstance(model, UNetSettings):
        return ConditionalUNetSettings(architecture="conditional_unet", **options)
    return ConditionalMLPSettings(architecture="conditional_mlp", **options)
