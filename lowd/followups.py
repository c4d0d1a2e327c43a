"""Settings of follow-up studies: one question about a study's teacher and students.

A follow-up takes teacher, pool, noises, sampler, descriptor and threshold from the study it is on.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.fields import Name, Seed, TrainingSize, check_ascending, check_file_name, check_shapes
from lowd.grid import KindSettings
from lowd.models.settings import ModelSettings
from lowd.studies import Study
from lowd.training.settings import TrainingSettings


class FollowUp(KindSettings):
    """A study that stands on another, `study`.

    Attributes:
        study: the study whose teacher, pool, noises, sampler, descriptor and threshold are taken.
    """

    study: Name

    def base(self, every: Mapping[str, Settings]) -> Study:
        """The study that it stands on, of all that params.yaml has."""
        study = every[self.study]
        assert isinstance(study, Study)
        return study

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any kind; the study has to be one of students on a grid."""
        studies = {name: study for name, study in every.items() if isinstance(study, Study)}
        if self.study not in studies:
            raise ValueError(
                f"study: no transition study {self.study!r} (there are: {', '.join(studies)})"
            )
        self.check_base(studies[self.study])

    def check_base(self, study: Study) -> None:
        """Raise ValueError, with the key, unless the study has what is taken from it."""


class TrainedFollowUp(FollowUp, ABC):
    """A follow-up that trains students of its own.

    Attributes:
        seed: names every random stream of its own students.
        training: how its students are trained.
    """

    seed: Seed = 0
    training: TrainingSettings

    @property
    @abstractmethod
    def networks(self) -> dict[str, ModelSettings]:
        """Every architecture, by the key that declares it."""

    @property
    @abstractmethod
    def needed(self) -> tuple[int, int]:
        """The largest training set, and how many that do not overlap."""

    @property
    @abstractmethod
    def file_keys(self) -> list[str]:
        """The keys whose last part becomes the name of files."""

    def check_base(self, study: Study) -> None:
        """As of any; besides, its pool has to hold the training sets, and models have to fit."""
        if study.is_embedded:
            raise ValueError(
                f"study: {self.study} compares features of its descriptor, and findings need "
                "images; give a study whose descriptor is identity or centred"
            )
        largest, sets = self.needed
        if largest * sets > study.pool.size:
            raise ValueError(
                f"samples: {sets} disjoint training sets of {largest} exceed the pool of "
                f"{self.study} ({study.pool.size}); raise its pool.size"
            )
        for key in self.file_keys:
            check_file_name(key)
        check_shapes(self.networks, study.teacher.shape)


class GridFollowUp(TrainedFollowUp):
    """A follow-up over models, N and replicates.

    Attributes:
        models: the students' networks, by name.
        samples: training-set sizes N, ascending, from 2.
        replicates: disjoint training sets of each N.
    """

    models: dict[Name, ModelSettings] = Field(min_length=1)
    samples: tuple[TrainingSize, ...] = Field(min_length=1)
    replicates: int = Field(3, ge=2)

    @model_validator(mode="after")
    def _samples_ascend(self) -> "GridFollowUp":
        check_ascending("samples", self.samples)
        return self

    @property
    def networks(self) -> dict[str, ModelSettings]:
        """The models."""
        return {f"models.{name}": model for name, model in self.models.items()}

    @property
    def file_keys(self) -> list[str]:
        """The models' keys."""
        return list(self.networks)

    @property
    def needed(self) -> tuple[int, int]:
        """Of the largest N, one a replicate."""
        return self.samples[-1], self.replicates
