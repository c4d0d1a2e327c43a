"""Settings of model collapse."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from lowd.diffusion.settings import SamplerSettings
from lowd.fields import Name, TrainingSize, check_ascending
from lowd.followups import TrainedFollowUp
from lowd.kinds.collapse.modes import FIRST, Mode
from lowd.models.settings import ModelSettings


class Collapse(TrainedFollowUp):
    """Generations of students, each the teacher of the next.

    Attributes:
        sampler: of every generation and of the teacher; a start at σ_max too low, or steps too few,
            change the variance a little in every generation, which adds up.
        model: the architecture of every generation.
        samples: sizes N of every generation's training set.
        replicates: training sets of each N, and what comes of them.
        modes: by their names.
        generations: how many, the first included.
    """

    kind: Literal["collapse"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "collapse": ("e_gap", "e_gen", "e_mem", "gl", "gl_teacher", "entropy_data"),
        "entropy": ("entropy_samples", "entropy_data", "gl"),
    }
    model: ModelSettings
    sampler: SamplerSettings = SamplerSettings(solver="dpmpp", steps=64, sigma_min=0.02, rho=15)
    modes: dict[Name, Mode] = Field(min_length=1)
    generations: Annotated[int, Field(ge=2)] = 8
    samples: tuple[TrainingSize, ...] = Field(min_length=1)
    replicates: int = Field(3, ge=2)

    @model_validator(mode="after")
    def _grid_is_usable(self) -> "Collapse":
        check_ascending("samples", self.samples)
        if FIRST in self.modes:
            raise ValueError(
                f"modes.{FIRST}: the generation that all modes share has this name; choose another"
            )
        for name, mode in self.modes.items():
            if (
                mode.share is not None
                and not 1 <= round(mode.share * self.samples[0]) < (self.samples[0])
            ):
                raise ValueError(
                    f"modes.{name}.share: {mode.share} of {self.samples[0]} is none or all; give "
                    "one that leaves some of both"
                )
        return self

    @property
    def networks(self) -> dict[str, ModelSettings]:
        """The students'."""
        return {"model": self.model}

    @property
    def file_keys(self) -> list[str]:
        """The modes' keys."""
        return [f"modes.{name}" for name in self.modes]

    @property
    def needed(self) -> tuple[int, int]:
        """A replicate's samples of the teacher, over all generations that take new ones."""
        takes_new = any(mode.takes_new for mode in self.modes.values())
        return self.samples[-1] * (self.generations if takes_new else 1), self.replicates
