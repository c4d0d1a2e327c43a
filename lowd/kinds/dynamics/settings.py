"""Settings of scores along training."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, PositiveInt, Tag, model_validator

from lowd.base import Settings
from lowd.fields import Name
from lowd.followups import GridFollowUp
from lowd.kinds.dynamics.levels import TimesSettings
from lowd.kinds.dynamics.train_along import check_within
from lowd.misspelt import meant
from lowd.training.optimizer_settings import OptimizerSettings
from lowd.training.settings import BLOCK

TAUS = ("gen", "copy", "held_out", "equal")
"""Times that are asked for, by what happens."""


class Ladder(Settings):
    """Steps that grow by a constant factor, up to the last of training.

    Attributes:
        first: where it begins.
        per_octave: how many while it doubles.
    """

    first: PositiveInt
    per_octave: PositiveInt = 3

    def up_to(self, last: int) -> tuple[int, ...]:
        """The steps; `last` is always among them."""
        steps, number = {last}, 0
        while (step := round(self.first * 2 ** (number / self.per_octave))) < last:
            steps.add(step)
            number += 1
        return tuple(sorted(steps))


def _snapshots_kind(snapshots: Any) -> str:
    """Whether steps or the rule that gives them are meant."""
    return "steps" if isinstance(snapshots, list | tuple) else "ladder"


Snapshots = Annotated[
    Annotated[tuple[PositiveInt, ...], Field(min_length=2), Tag("steps")]
    | Annotated[Ladder, Tag("ladder")],
    Discriminator(_snapshots_kind),
]


class Dynamics(GridFollowUp):
    """Scores along training.

    Attributes:
        snapshots: steps after which students are scored, ascending, or the first of a ladder.
        optimizers: of models that something else than Adam trains, by their names.
        times: if it is asked when students generalise and memorise, the levels that tell.
        descent: whether it is asked if errors fall, rise and fall again.
    """

    kind: Literal["dynamics"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dynamics": ("loss_training", "loss_held_out", "e_gen", "e_mem", "gl", "rp_disjoint"),
        "times": (*(f"exponent_{tau}" for tau in TAUS), "copied", "e_gen"),
        "descent": ("rise", "fall", "e_gen_inside", "e_gen_outside", "gain", "loss_held_out"),
    }
    snapshots: Snapshots
    optimizers: dict[Name, OptimizerSettings] = Field(default_factory=dict)
    times: TimesSettings | None = None
    descent: bool = False

    @model_validator(mode="after")
    def _snapshots_can_be_taken(self) -> "Dynamics":
        check_within(self.kept, self.training)
        least = 3 if self.descent else 2
        if len(self.kept) < least:
            raise ValueError(f"snapshots: {list(self.kept)} are fewer than {least}; give more")
        return self

    @model_validator(mode="after")
    def _optimizers_have_models(self) -> "Dynamics":
        for name in self.optimizers:
            if name not in self.models:
                raise ValueError(
                    f"optimizers.{name}: is none of {', '.join(self.models)}"
                    + meant(name, self.models)
                )
        return self

    @property
    def kept(self) -> tuple[int, ...]:
        """The steps after which students are scored."""
        if isinstance(self.snapshots, Ladder):
            return self.snapshots.up_to(self.training.steps)
        return self.snapshots

    @property
    def is_plain(self) -> bool:
        """Whether students are trained as those of any study, and looked at between blocks."""
        last = self.training.steps
        return not self.optimizers and all(s % BLOCK == 0 or s == last for s in self.kept)

    @property
    def has_turns(self) -> bool:
        """Whether it is asked what curves say."""
        return self.descent or self.times is not None

    def shown(self, every: Mapping[str, Settings]) -> tuple[str, ...]:
        """What is asked for; where times are, there are too many N to show every score of each."""
        asked = {"dynamics": self.times is None, "times": self.times, "descent": self.descent}
        return tuple(name for name in self.plots if asked[name])
