"""Settings of teachers."""

import math
import re
from math import ceil, floor
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.sources.gaussian_settings import GaussianTeacher
from lowd.sources.image_settings import SourceSettings
from lowd.sources.source_settings import KnownSource, Shape
from lowd.training.settings import TrainingSettings


def _check_fit(clusters: int, rank: int, dimension: int) -> None:
    if clusters * rank > dimension:
        raise ValueError(
            f"rank: {clusters} orthogonal subspaces of rank {rank} do not fit in dimension "
            f"{dimension}"
        )


class MoLRGTeacher(Settings):
    """A mixture of low-rank Gaussians with random orthogonal subspaces, known exactly.

    Attributes:
        dimension: d of the space.
        rank: r of every subspace.
        clusters: K, mutually orthogonal subspaces.
    """

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
    """The same with samples laid out as images, for networks that take nothing else.

    Attributes:
        shape: [channels, height, width], whose product is the dimension.
        rank: r of every subspace.
        clusters: K, mutually orthogonal subspaces.
    """

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


def held_out_of(images: int, share: float) -> int:
    """How many of the images a teacher never sees."""
    return int(images * share)


def check_held_out(images: int, share: float) -> None:
    """Raise ValueError unless two images are held out, and two are left to learn from."""
    held_out = held_out_of(images, share)
    if held_out >= 2 and images - held_out >= 2:
        return
    if images < 4:
        raise ValueError(
            f"held_out: of {images} images two can't be held out and two learned from; give more"
        )
    left = f"holds out {held_out}" if held_out < 2 else f"leaves {images - held_out} to learn from"
    lowest, highest = ceil(2 / images * 1e4) / 1e4, floor((images - 2) / images * 1e4) / 1e4
    raise ValueError(
        f"held_out: {share:g} of {images} images {left}; give one from {lowest:g} to {highest:g}"
    )


class NoisyMoLRGTeacher(MoLRGTeacher):
    """The same whose clusters have variance δ² in each other's subspaces (arXiv:2502.05743).

    Attributes:
        delta: δ, standard deviation of a cluster in the others' subspaces; 1 in its own.
    """

    kind: Literal["noisy_molrg"]  # type: ignore[assignment]
    delta: float = Field(gt=0, lt=1)


class TrainedTeacher(Settings):
    """A diffusion model trained on real images, a share of which it never sees.

    Attributes:
        images: where real images come from, and what is done to each.
        held_out: the share of images that the teacher does not learn from, for comparison.
        model: the teacher's network.
        training: how it is trained.
    """

    kind: Literal["trained"]
    images: SourceSettings
    held_out: float = Field(1 / 3, gt=0, lt=1)
    model: ModelSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _both_shares_hold_images(self) -> "TrainedTeacher":
        if isinstance(self.images, KnownSource):
            check_held_out(self.images.count, self.held_out)
        return self

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

    Attributes:
        entry: `module:function` in inputs/; its content counts for what is made again.
        shape: of one sample: [size] of a vector, [channels, height, width] of an image.
        options: keywords for that function.
    """

    kind: Literal["custom"]
    entry: str = Field(pattern=r"^[\w.]+:\w+$")
    shape: tuple[PositiveInt, ...] = Field(min_length=1)
    options: dict[str, Any] = Field({})


class DiffusersTeacher(Settings):
    """A pretrained pipeline of the `diffusers` library: a folder, or a commit of a Hub repository.

    It has to be unconditional, in the space of the images themselves.

    Attributes:
        shape: [channels, height, width] of its images.
        path: a folder in inputs/ that `save_pretrained` wrote; or else `repository`.
        repository: `owner/name` on the Hugging Face Hub; or else `path`.
        revision: the commit of the repository, 40 hex digits.
    """

    kind: Literal["diffusers"]
    shape: Shape
    path: Path | None = None
    repository: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str | None = None

    @model_validator(mode="after")
    def _source_is_one_and_pinned(self) -> "DiffusersTeacher":
        if (self.path is None) == (self.repository is None):
            raise ValueError(
                "path: give either path, a folder that save_pretrained wrote, or repository with "
                "revision"
            )
        if self.path is not None and self.revision is not None:
            raise ValueError("revision: a folder has none; leave it out, or give repository")
        if self.repository and not re.fullmatch("[0-9a-f]{40}", self.revision or ""):
            raise ValueError(
                f"revision: {self.revision} does not pin a version, as branches and tags move; "
                "give a commit's 40 hex digits"
            )
        return self


TeacherSettings = Annotated[
    MoLRGTeacher
    | NoisyMoLRGTeacher
    | MoLRGImagesTeacher
    | GaussianTeacher
    | TrainedTeacher
    | CustomTeacher
    | DiffusersTeacher,
    Field(discriminator="kind"),
]
ExactTeacher = MoLRGTeacher | MoLRGImagesTeacher | GaussianTeacher
"""Those that draw without a sampler, and whose denoiser is known in closed form."""
