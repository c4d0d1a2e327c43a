"""Settings of the agreement of kinds of generative models."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.fields import Name, TrainingSize
from lowd.followups import TrainedFollowUp
from lowd.misspelt import meant
from lowd.models.settings import ModelSettings
from lowd.studies import Study
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EDMSettings,
    ObjectiveSettings,
    TrainingSettings,
    VariationalSettings,
)


class Family(Settings):
    """A kind of generative model: an architecture and what it learns.

    Attributes:
        model: its network.
        objective: what it learns.
        training: how it is trained; as the finding says, if not given.
    """

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
    """Another solver for one of the families' students.

    Attributes:
        family: the member whose students it is for.
        sampler: solver and noise levels.
    """

    family: Name
    sampler: SamplerSettings


class Families(TrainedFollowUp):
    """Agreement of kinds of generative models from the same noises.

    Attributes:
        samples: N, the size of each training set.
        members: what is compared, by name.
        solvers: other solvers for members that are diffusion models, by name.
    """

    kind: Literal["families"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "agreement": ("solver_error", "rp", "frechet"),
        "closeness": ("mae", "frechet"),
        "lineup": (),  # samples
    }
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
                    + meant(solver.family, self.members)
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

    def check_base(self, study: Study) -> None:
        """As of any; besides, all start from the same noise, and data have to be held out."""
        if not study.is_of_images:
            raise ValueError(f"study: {self.study} is not of images; give one that is")
        super().check_base(study)
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
