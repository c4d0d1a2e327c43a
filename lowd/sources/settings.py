"""Settings of teachers."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.sources.image_settings import Shape, SourceSettings
from lowd.training.settings import TrainingSettings


def _check_fit(clusters: int, rank: int, dimension: int) -> None:
    if clusters * rank > dimension:
        raise ValueError(
            f"rank: {clusters} orthogonal subspaces of rank {rank} do not fit in dimension "
            f"{dimension}"
        )


class MoLRGTeacher(Settings):
    """A mixture of low-rank Gaussians with random orthogonal subspaces, known exactly."""

    kind: Literal["molrg"]
    dimension: PositiveInt
    rank: PositiveInt
    clusters: PositiveInt = 1

    @model_validator(mode="after")
    def _subspaces_fit(self) -> "MoLRGTeacher":
        _check_fit(self.clusters, self.rank, self.dimension)
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """(dimension,)."""
        return (self.dimension,)


class MoLRGImagesTeacher(Settings):
    """The same with samples laid out as images, for networks that take nothing else."""

    kind: Literal["molrg_images"]
    shape: Shape
    rank: PositiveInt
    clusters: PositiveInt = 1

    @model_validator(mode="after")
    def _subspaces_fit(self) -> "MoLRGImagesTeacher":
        _check_fit(self.clusters, self.rank, self.dimension)
        return self

    @property
    def dimension(self) -> int:
        """Of the space that the subspaces lie in."""
        return math.prod(self.shape)


class TrainedTeacher(Settings):
    """A diffusion model trained on real images, a share of which it never sees."""

    kind: Literal["trained"]
    images: SourceSettings
    held_out: float = Field(1 / 3, gt=0, lt=1)
    model: ModelSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _model_fits(self) -> "TrainedTeacher":
        try:
            self.model.check_shape(self.shape)
        except ValueError as error:
            raise ValueError(f"model.{error}") from None
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, height, width)."""
        return self.images.shape


class CustomTeacher(Settings):
    """A denoiser of the user's own: `entry` names a function that returns it.

    The function takes `options` as keywords and returns D(x, sigma): x (M, *shape), sigma a float.
    """

    kind: Literal["custom"]
    entry: str = Field(pattern=r"^[\w.]+:\w+$")
    shape: tuple[PositiveInt, ...] = Field(min_length=1)
    options: dict[str, Any] = Field({})


TeacherSettings = Annotated[
    MoLRGTeacher | MoLRGImagesTeacher | TrainedTeacher | CustomTeacher, Field(discriminator="kind")
]
