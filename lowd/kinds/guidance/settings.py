"""Settings of guidance."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.fields import Name, Seed, check_ascending
from lowd.followups import FollowUp
from lowd.graph.labelled import check_classes
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.sources.settings import TrainedTeacher
from lowd.studies import Study
from lowd.training.settings import TrainingSettings


class Guidance(FollowUp):
    """Class-conditional students under guidance, beside exact denoisers of Gaussian classes.

    Attributes:
        points: how many labelled points are drawn of a mixture; of images there are as many as
            there are.
        seed: names every random stream of the study, together with what is drawn.
        held_out: share of the points that nothing learns from.
        model: the architecture, which is told the class besides.
        training: how students are trained.
        dropped: share of examples whose class a student is not told.
        replicates: students, alike but for their random streams.
        sampler: instead of the study's.
        weights: γ's, ascending from 0.
        intervals: by name the lowest and highest σ of guidance, at the weight `at`.
        at: the weight γ of that.
        sigmas: where guidance of held-out points is looked at.
    """

    kind: Literal["guidance"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "guidance": ("student_accuracy", "accuracy", "diversity", "frechet"),
        "mechanism": ("cosine", "norm", "part_norm"),
        "modes": ("near_share", "spurious"),
        "guided_entropy": ("entropy_change", "end_deviation"),
        "guided_samples": (),
    }
    seed: Seed = 0
    points: PositiveInt = 4096
    held_out: float = Field(0.25, gt=0, lt=1)
    model: Annotated[MLPSettings | UNetSettings, Field(discriminator="architecture")]
    training: TrainingSettings
    dropped: float = Field(0.15, gt=0, lt=1)
    replicates: int = Field(2, ge=2)
    sampler: SamplerSettings | None = None
    weights: tuple[NonNegativeFloat, ...] = Field(min_length=2)
    intervals: dict[Name, tuple[NonNegativeFloat, PositiveFloat]] = Field(default_factory=dict)
    at: PositiveFloat = 4.0
    sigmas: tuple[PositiveFloat, ...] = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

    @model_validator(mode="after")
    def _weights_ascend(self) -> "Guidance":
        for key, values in (("weights", self.weights), ("sigmas", self.sigmas)):
            check_ascending(key, values, at_least=1)
        if self.weights[0] != 0:
            raise ValueError(f"weights[0]: {self.weights[0]} is not 0, no guidance; begin with 0")
        for name, (low, high) in self.intervals.items():
            if low >= high:
                raise ValueError(f"intervals.{name}: [{low}, {high}] must ascend")
        return self

    def shown(self, every: Mapping[str, Settings]) -> tuple[str, ...]:
        """All, but samples where they are no images."""
        is_of_images = isinstance(self.base(every).teacher, TrainedTeacher)
        return tuple(one for one in self.plots if is_of_images or one != "guided_samples")

    def check_base(self, study: Study) -> None:
        """Raise ValueError unless its data have classes, and the model takes them."""
        check_classes(self.study, study)
        try:
            self.model.check_shape(study.teacher.shape)
        except ValueError as error:
            raise ValueError(f"model.{error}") from None
