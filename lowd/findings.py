"""Settings of findings: students of a study's teacher, trained to look at one question closely.

A finding takes teacher, pool, noises, sampler, descriptor and threshold from the study it is on.
"""

from abc import ABC, abstractmethod
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.fields import Name, Seed, TrainingSize, check_ascending, check_file_name, check_shapes
from lowd.models.settings import ModelSettings
from lowd.steps.train import check_snapshots
from lowd.studies import Study
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EDMSettings,
    ObjectiveSettings,
    TrainingSettings,
    VariationalSettings,
)


class Finding(Settings, ABC):
    """What every finding has."""

    study: Name
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

    def check_on(self, study: Study) -> None:
        """Raise ValueError, with the key, unless the study has what the finding takes from it."""
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


class Grid(Finding):
    """A finding over models, N and replicates."""

    models: dict[Name, ModelSettings] = Field(min_length=1)
    samples: tuple[TrainingSize, ...] = Field(min_length=1)
    replicates: int = Field(3, ge=2)

    @model_validator(mode="after")
    def _samples_ascend(self) -> "Grid":
        check_ascending(self.samples)
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


class Dynamics(Grid):
    """Scores along training."""

    kind: Literal["dynamics"]
    snapshots: tuple[PositiveInt, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _snapshots_can_be_taken(self) -> "Dynamics":
        check_snapshots(self.snapshots, self.training)
        return self


class Point(Settings):
    """A cell of the grid over models and N."""

    model: Name
    samples: TrainingSize


class BiasVariance(Grid):
    """Squared bias and variance over models at one N, and over N for one model.

    Attributes:
        at: where the two lines cross.
        replicates: training sets, and seeds, of each point; two have no jackknife error.
    """

    kind: Literal["bias-variance"]
    at: Point
    replicates: int = Field(8, ge=3)

    @model_validator(mode="after")
    def _point_is_on_both_lines(self) -> "BiasVariance":
        if self.at.model not in self.models:
            raise ValueError(f"at.model: {self.at.model!r} is none of {', '.join(self.models)}")
        if len(self.samples) < 2:
            raise ValueError(f"samples: {list(self.samples)} has no slope; give two or more")
        if self.at.samples not in self.samples:
            raise ValueError(f"at.samples: {self.at.samples} is none of {list(self.samples)}")
        return self


class Family(Settings):
    """A kind of generative model: an architecture and what it learns."""

    model: ModelSettings
    objective: ObjectiveSettings = EDMSettings()
    training: TrainingSettings | None = None

    @model_validator(mode="after")
    def _objective_can_be_trained(self) -> "Family":
        if isinstance(self.objective, AdversarialSettings) and self.model.architecture == "dit":
            raise ValueError(
                "objective: the critic's penalty needs second derivatives, which attention lacks; "
                "give an mlp or a unet"
            )
        if isinstance(self.objective, ConsistencySettings):
            first, last = self.objective.first_levels, self.objective.last_levels
            if first > last:
                raise ValueError(f"objective.first_levels: {first} exceeds last_levels ({last})")
        return self

    @property
    def jumps(self) -> bool:
        """Whether it maps noise to data at once."""
        return isinstance(
            self.objective, ConsistencySettings | VariationalSettings | AdversarialSettings
        )

    @property
    def group(self) -> Literal["diffusion", "VAE", "GAN"]:
        """What it is compared as."""
        match self.objective:
            case VariationalSettings():
                return "VAE"
            case AdversarialSettings():
                return "GAN"
        return "diffusion"


class Solver(Settings):
    """Another solver for one of the families' students."""

    family: Name
    sampler: SamplerSettings


class Families(Finding):
    """Agreement of kinds of generative models from the same noises."""

    kind: Literal["families"]
    samples: TrainingSize
    members: dict[Name, Family] = Field(min_length=2)
    solvers: dict[Name, Solver] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _solvers_are_defined(self) -> "Families":
        for name, solver in self.solvers.items():
            if name in self.members:
                raise ValueError(f"solvers.{name}: a member has this name; choose another")
            if solver.family not in self.members:
                raise ValueError(
                    f"solvers.{name}.family: {solver.family!r} is none of {', '.join(self.members)}"
                )
            if self.members[solver.family].jumps:
                raise ValueError(
                    f"solvers.{name}.family: {solver.family} maps noise to data at once; no solver "
                    "is defined for it"
                )
        return self

    @property
    def networks(self) -> dict[str, ModelSettings]:
        """The members' architectures."""
        return {f"members.{name}.model": one.model for name, one in self.members.items()}

    @property
    def file_keys(self) -> list[str]:
        """The keys of members and solvers."""
        return [f"members.{name}" for name in self.members] + [
            f"solvers.{name}" for name in self.solvers
        ]

    @property
    def needed(self) -> tuple[int, int]:
        """Two training sets, to share or not to share."""
        return self.samples, 2

    def check_on(self, study: Study) -> None:
        """As every finding; besides, all must start from the same noise, and data be held out."""
        if not study.is_of_images:
            raise ValueError(f"study: {self.study} is not of images; give one that is")
        super().check_on(study)
        left = study.pool.size // 2 - self.samples
        if left < study.noise.size:
            raise ValueError(
                f"samples: {self.samples} leaves {left} points of half the pool, and "
                f"{study.noise.size} have to be held out; lower it"
            )
        first = study.sampler.sigma_max
        for name, solver in self.solvers.items():
            if solver.sampler.sigma_max != first:
                raise ValueError(
                    f"solvers.{name}.sampler.sigma_max: {solver.sampler.sigma_max} is not the "
                    f"study's, so that noises would differ; give {first}"
                )
        for name, member in self.members.items():
            last = getattr(member.objective, "sigma_max", None)
            if last is not None and last < first:
                raise ValueError(
                    f"members.{name}.objective.sigma_max: {last} is less than the study's "
                    f"({first}), from where samples start; leave it out"
                )


AnyFinding = Annotated[Dynamics | BiasVariance | Families, Field(discriminator="kind")]
