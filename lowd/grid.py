"""Settings of a grid over N and replicates, whoever trains its students."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Discriminator, Field, PositiveInt, Tag, model_validator

from lowd.base import Settings
from lowd.descriptors.settings import NetworkSettings, SSCDSettings
from lowd.diffusion.settings import SamplerSettings
from lowd.fields import Seed, TrainingSize
from lowd.metrics.settings import DescriptorKind, NearestRule, ThresholdSettings
from lowd.sources.settings import DiffusersTeacher, TeacherSettings
from lowd.sources.source_settings import OwnSource

INPUTS = "inputs"
"""The folder of the user's own images and modules, which DVC and the workflow watch."""


def _descriptor_kind(descriptor: Any) -> str:
    """Whether a word or a mapping is meant."""
    return "word" if isinstance(descriptor, str) else "network"


DescriptorSettings = Annotated[
    Annotated[DescriptorKind, Tag("word")] | Annotated[NetworkSettings, Tag("network")],
    Discriminator(_descriptor_kind),
]


def _threshold_kind(threshold: Any) -> str:
    """Whether a number or the rule that finds one is meant."""
    return "rule" if isinstance(threshold, Mapping | Settings) else "number"


FixedThreshold = Annotated[float, Field(gt=-1, lt=1)]
"""The cosine above which two samples are copies."""
StudyThreshold = Annotated[
    Annotated[FixedThreshold, Tag("number")] | Annotated[ThresholdSettings, Tag("rule")],
    Discriminator(_threshold_kind),
]
ROUNDING = 1e-6
"""How near to 1 a threshold asks for equality; that of `lowd.figures.vacuous`."""


class KindSettings(Settings):
    """What params.yaml may declare; a class for each kind, told apart by its `kind` or `figure`.

    Attributes:
        plots: by its name the scores behind each figure; the first is of that figure alone.
    """

    plots: ClassVar[Mapping[str, tuple[str, ...]]]

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """Raise ValueError, with the key, unless what it stands on is there and has what it takes.

        Args:
            every: studies and follow-ups, by name.
        """

    def shown(self, every: Mapping[str, Settings]) -> tuple[str, ...]:
        """The figures of `plots` that can be drawn; all, if nothing else is said."""
        return tuple(self.plots)


class SizeSettings(Settings):
    """How many to draw.

    Attributes:
        size: how many.
    """

    size: PositiveInt


class PoolSettings(Settings):
    """What is drawn from the teacher before anything is trained.

    Attributes:
        size: samples for the training sets of all replicates.
        reference: samples that nobody trains on: the threshold is fixed by them, and what is
            compared with held-out samples is compared with these.
        sampler: how they are drawn, if the teacher has no exact samples; not the study's, so that
            another evaluation leaves students as they are.
    """

    size: PositiveInt
    reference: int = Field(1024, ge=4)
    sampler: SamplerSettings | None = None


class Grid(KindSettings):
    """A teacher, students over (N, replicate), whoever trains them, and how they are scored.

    Attributes:
        seed: names every random stream of the study, together with what is drawn.
        teacher: the law that students learn.
        pool: teacher samples, of which training sets are cut.
        noise: evaluation noises, the same for every model.
        sampler: solver and noise levels of teacher, students and empirical denoiser.
        samples: training-set sizes N, ascending, from 2.
        replicates: disjoint training sets of each N.
        descriptor: what is compared of samples: `identity`, the sample itself; `centred`, the
            direction of sample − mean teacher sample; or features of a network.
        threshold: τ, the cosine above which two samples are copies: a number, or the rule that
            finds it from teacher samples.
    """

    seed: Seed = 0
    teacher: TeacherSettings
    pool: PoolSettings
    noise: SizeSettings = SizeSettings(size=512)
    sampler: SamplerSettings = SamplerSettings()
    samples: tuple[TrainingSize, ...] = Field(min_length=1)
    replicates: int = Field(2, ge=2)
    descriptor: DescriptorSettings = "identity"
    threshold: StudyThreshold = NearestRule(nearest=0.95)

    @model_validator(mode="after")
    def _enough_noises(self) -> "Grid":
        if self.noise.size < 4:
            raise ValueError(
                f"noise.size: {self.noise.size} noises have no standard error in either half; "
                "draw at least 4"
            )
        return self

    @model_validator(mode="after")
    def _threshold_can_be_exceeded(self) -> "Grid":
        if isinstance(self.threshold, float) and 1 - self.threshold < ROUNDING:
            raise ValueError(
                f"threshold: {self.threshold} is within rounding of 1, so a sample would have to "
                "equal another to be its copy; give a lower one, such as 0.6"
            )
        return self

    @model_validator(mode="after")
    def _teacher_is_usable(self) -> "Grid":
        teacher = self.teacher
        images = getattr(teacher, "images", None)
        if isinstance(images, OwnSource):
            check_place("teacher.images.path", images.path)
        if isinstance(teacher, DiffusersTeacher) and teacher.path is not None:
            check_place("teacher.path", teacher.path)
        if isinstance(teacher, DiffusersTeacher) and self.pool.sampler is None:
            raise ValueError(
                "pool.sampler: a pretrained teacher needs one within the noise levels that it "
                "knows, as `sampler` has"
            )
        if len(teacher.shape) not in (1, 3):
            raise ValueError(
                f"teacher.shape: {list(teacher.shape)} is neither a vector's [size] nor an image's "
                "[channels, height, width]"
            )
        return self

    @model_validator(mode="after")
    def _descriptor_is_usable(self) -> "Grid":
        if not self.is_embedded:
            return self
        if not self.is_of_images:
            raise ValueError(
                f"descriptor.kind: a network takes images, grey or coloured, not samples of shape "
                f"{list(self.teacher.shape)}; give identity or centred"
            )
        if isinstance(self.descriptor, SSCDSettings):
            check_place("descriptor.path", self.descriptor.path)
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether samples are compared by features that a network gives."""
        return not isinstance(self.descriptor, str)

    @property
    def is_of_images(self) -> bool:
        """Whether samples can be shown: grey or coloured."""
        return len(self.teacher.shape) == 3 and self.teacher.shape[0] in (1, 3)


def check_place(key: str, path: Path) -> None:
    """Raise ValueError unless a file of the user's own lies where a change of it is seen."""
    # Elsewhere a change would go unnoticed, and in a study's own folders it would be tidied up.
    if path.parts[:1] != (INPUTS,) or ".." in path.parts:
        raise ValueError(f"{key}: {path} is not in {INPUTS}/; move it there")
