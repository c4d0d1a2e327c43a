"""Settings of findings: students of a study's teacher, trained to look at one question closely.

A finding takes teacher, pool, noises, sampler, descriptor and threshold from the study it is on.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints, model_validator

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.models.settings import ModelSettings
from lowd.steps.train import check_snapshots
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EDMSettings,
    ObjectiveSettings,
    TrainingSettings,
    VariationalSettings,
)

# Names become folders: nothing that a path, a shell or a wildcard could read otherwise.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
# One training point has no neighbours, which GL's and AuthPct's scales are made of.
TrainingSize = Annotated[int, Field(ge=2)]


def check_ascending(samples: tuple[int, ...]) -> None:
    """Raise ValueError unless every N is larger than the one before."""
    if list(samples) != sorted(set(samples)):
        raise ValueError(f"samples: {list(samples)} must ascend without repetition")


class Finding(Settings):
    """What every finding has."""

    study: Name
    seed: Seed = 0
    training: TrainingSettings

    @property
    def networks(self) -> dict[str, ModelSettings]:
        """Every architecture, by the key that declares it."""
        raise NotImplementedError

    @property
    def needed(self) -> tuple[int, int]:
        """The largest training set, and how many that do not overlap."""
        raise NotImplementedError


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
            raise ValueError(f"at.model: no model {self.at.model!r}")
        if len(self.samples) < 2:
            raise ValueError(f"samples: {list(self.samples)} has no slope; give two or more")
        if self.at.samples not in self.samples:
            raise ValueError(f"at.samples: {self.at.samples} is not among samples")
        return self


class Family(Settings):
    """A kind of generative model: an architecture and what it learns."""

    model: ModelSettings
    objective: ObjectiveSettings = EDMSettings()
    training: TrainingSettings | None = None

    @model_validator(mode="after")
    def _critic_can_be_trained(self) -> "Family":
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
                raise ValueError(f"solvers.{name}.family: no member {solver.family!r}")
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
    def needed(self) -> tuple[int, int]:
        """Two training sets, to share or not to share."""
        return self.samples, 2


AnyFinding = Annotated[Dynamics | BiasVariance | Families, Field(discriminator="kind")]
